import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { isReplaced } from "@/shared/lib/build";
import classes from "./States.module.css";

type Props = { again: () => void; onClose: (() => void) | undefined };

/** Says that a part of the page could not be loaded, and offers a retry or a reload. */
export function LoadFailed({ again, onClose }: Props) {
  const [replaced, setReplaced] = useState(false);
  useEffect(() => {
    let wanted = true;
    void isReplaced().then((is) => wanted && setReplaced(is));
    return () => {
      wanted = false;
    };
  }, []);
  return (
    <div className={classes.failed} data-floating={onClose ? true : undefined} role="alert">
      <p className={classes.title}>This part of the page could not be loaded.</p>
      <p>
        {replaced
          ? "The server has a new version of the page. Reload to use it."
          : "Check the connection, then try again."}
      </p>
      <div className={classes.ways}>
        {replaced ? (
          <Button onClick={() => window.location.reload()}>Reload</Button>
        ) : (
          <Button onClick={again}>Try again</Button>
        )}
        {onClose && (
          <Button variant="subtle" onClick={onClose}>
            Close
          </Button>
        )}
      </div>
    </div>
  );
}
