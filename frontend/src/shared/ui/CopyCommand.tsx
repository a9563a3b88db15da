import { Button, CopyButton } from "@mantine/core";
import classes from "./States.module.css";

export function CopyCommand({ command }: { command: string }) {
  return (
    <span className={classes.command}>
      <code className="hw-mono">{command}</code>
      <CopyButton value={command}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" onClick={copy}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </span>
  );
}
