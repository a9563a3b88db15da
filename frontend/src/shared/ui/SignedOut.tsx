import { useLink } from "@/shared/graphql/link";
import { signInHere } from "@/shared/lib/signIn";
import classes from "./States.module.css";

/**
 * Says that the session has ended, why, and where to sign in. In a dialog the link opens another tab, so that typed
 * text stays: the page resumes by itself when the viewer comes back.
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
        {inDialog ? "and come back; what you typed stays here." : "to continue here."}
      </p>
    </div>
  );
}
