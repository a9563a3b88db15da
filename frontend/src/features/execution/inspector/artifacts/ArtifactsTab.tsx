import { CopyButton } from "@mantine/core";
import type { ArtifactRowFragment } from "@/shared/graphql/gen/graphql";
import { useSelection } from "../../useSelection";
import { FileRow } from "../files/FileRow";
import { None, Section } from "../Section";
import { artifactsOf, type TabProps } from "../tabs";
import classes from "./Artifacts.module.css";

const DIRECTIONS = [
  { direction: "OUT", title: "Made", none: "No artifacts made." },
  { direction: "IN", title: "Used", none: "No artifacts used." },
] as const;

export function ArtifactsTab(props: TabProps) {
  const all = artifactsOf(props);
  return DIRECTIONS.map(({ direction, title, none }) => {
    const those = all.filter((one) => one.direction === direction);
    return (
      <Section key={direction} title={title} note={those.length || undefined}>
        {those.length ? (
          <ul className={classes.list}>
            {those.map((artifact) => (
              <FileRow key={artifact.id} file={artifact}>
                <ArtifactFacts artifact={artifact} withTask={artifact.taskKey !== props.taskRun?.key} />
              </FileRow>
            ))}
          </ul>
        ) : (
          <None>{none}</None>
        )}
      </Section>
    );
  });
}

function ArtifactFacts({ artifact, withTask }: { artifact: ArtifactRowFragment; withTask: boolean }) {
  const { select } = useSelection();
  const { type, version, digest, taskKey } = artifact;
  return (
    <>
      <span className={classes.fact}>{type}</span>
      <span className={classes.fact}>
        version {version.length > 16 ? `${version.slice(0, 12)}…` : version}
      </span>
      {digest && !digest.includes(version) && <Digest digest={digest} />}
      {withTask && taskKey && (
        <button
          type="button"
          className={classes.quiet}
          onClick={() => select({ task: taskKey, attempt: undefined })}
        >
          {taskKey}
        </button>
      )}
    </>
  );
}

const SHOWN = 8;

function Digest({ digest }: { digest: string }) {
  const sum = digest.slice(digest.indexOf(":") + 1);
  return (
    <CopyButton value={digest}>
      {({ copied, copy }) => (
        <button
          type="button"
          className={`${classes.quiet} hw-mono`}
          title={copied ? "Copied" : `Copy ${digest}`}
          aria-label={`Copy the digest ${digest}`}
          onClick={copy}
        >
          {copied ? "copied" : sum.slice(0, SHOWN)}
        </button>
      )}
    </CopyButton>
  );
}
