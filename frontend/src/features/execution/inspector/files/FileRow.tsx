import { Button } from "@mantine/core";
import { IconDownload, IconEye } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import { formatBytes } from "@/shared/lib/number";
import { lazily } from "@/shared/ui/lazily";
import classes from "./FileRow.module.css";

const FilePreview = lazily(() => import("./FilePreview").then((found) => found.FilePreview));

export type FileFacts = {
  name: string;
  size: string | number | null;
  downloadUrl: string | null;
  previewUrl: string | null;
};

/** A file with its actions; its preview opens below it. */
export function FileRow({ file, children }: { file: FileFacts; children?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const { name, size, downloadUrl, previewUrl } = file;
  return (
    <li className={classes.file}>
      <div className={classes.line}>
        <b className={classes.name}>{name}</b>
        {size !== null && <span className={classes.fact}>{formatBytes(Number(size))}</span>}
        {children}
        <span className={classes.grow} />
        {previewUrl && (
          <Button
            variant="subtle"
            size="compact-sm"
            aria-expanded={open}
            aria-label={`Preview ${name}`}
            leftSection={<IconEye size={14} stroke={1.75} />}
            onClick={() => setOpen(!open)}
          >
            {open ? "Close" : "Preview"}
          </Button>
        )}
        {downloadUrl && (
          <Button
            component="a"
            href={downloadUrl}
            download
            variant="subtle"
            size="compact-sm"
            aria-label={`Download ${name}`}
            leftSection={<IconDownload size={14} stroke={1.75} />}
          >
            Download
          </Button>
        )}
        {!downloadUrl && <span className={classes.fact}>not stored by Headway</span>}
      </div>
      {open && previewUrl && (
        <Suspense>
          <FilePreview name={name} address={previewUrl} />
        </Suspense>
      )}
    </li>
  );
}
