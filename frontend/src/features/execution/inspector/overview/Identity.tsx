import { CopyButton } from "@mantine/core";
import { Fact, Facts } from "../Section";
import sections from "../Section.module.css";
import classes from "./Where.module.css";

/** The execution's id, which every command accepts. */
export function Identity({ id }: { id: string }) {
  return (
    <section className={sections.section} aria-label="Id">
      <Facts>
        <Fact name="Id">
          <code className="hw-mono">{id}</code>
          <CopyButton value={id}>
            {({ copied, copy }) => (
              <button type="button" className={classes.link} aria-label={`Copy the id ${id}`} onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </button>
            )}
          </CopyButton>
        </Fact>
      </Facts>
    </section>
  );
}
