import { useLink } from "@/shared/graphql/link";
import { signInHere } from "@/shared/lib/signIn";
import classes from "./States.module.css";

/**
 * Says that the session has ended, why, and where to sign in. In a dialog that is another tab, so that what was typed
 * stays: the page goes on by itself when one comes back.
 */
export function SignedOut({ inDialog = false }: { inDialog?: boolean }) {
  const { phase, reason } = useLink();
  if (phase !== "signed-out") return null;
  return (
    <div className={classes.signedOut} role="alert" data-in-dialog={inDialog || undefined}>
      <p>
        <strong>You are signed out.</strong> {reason && `${reason}. `}
        <a href={signInHere()} target={inDialog ? "_blank" : undefined} rel="noreferrer">
          {inDialog ? "Sign in in a new tab" : "Sign in"}
        </a>{" "}
        {inDialog ? "and come back; what you typed stays here." : "to go on here."}
      </p>
    </div>
  );
}
