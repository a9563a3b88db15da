import {
  FileInput,
  Input,
  MultiSelect,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useRef, useState } from "react";
import type { Entry, Field } from "./inputs";
import { isExpression, isUploading } from "./inputs";
import { upload } from "./upload";

type Props = { field: Field; entry: Entry; error?: string; onChange: (entry: Entry) => void };

const HINTS: Record<string, string> = {
  DATE: "as 2026-01-31",
  DATETIME: "as 2026-01-31T08:00:00Z",
  TIME: "as 08:30",
  DURATION: "as 10m, 1h30m or PT5M",
  URI: "including the scheme, for example https://…",
};

/** The field of one input of a flow, by its type; the server validates the value. */
export function InputField({ field, entry, error, onChange }: Props) {
  const common = {
    label: field.id,
    description: descriptionOf(field),
    withAsterisk: field.required && field.default === null && !field.dependsOn.length,
    error,
  };
  const text = typeof entry === "string" ? entry : "";
  switch (field.type) {
    case "BOOL":
      return (
        <Input.Wrapper {...common}>
          <SegmentedControl
            fullWidth
            aria-label={field.id}
            data={["true", "false"]}
            value={entry === null ? "" : String(entry)}
            onChange={(value) => onChange(value === "true")}
          />
        </Input.Wrapper>
      );
    case "SELECT":
      return (
        <Select
          {...common}
          data={field.options ?? []}
          value={text || null}
          onChange={(value) => onChange(value ?? "")}
          clearable
        />
      );
    case "MULTISELECT":
      return (
        <MultiSelect
          {...common}
          data={field.options ?? []}
          value={Array.isArray(entry) ? entry : []}
          onChange={onChange}
          clearable
        />
      );
    case "INT":
    case "FLOAT":
      return (
        <NumberInput
          {...common}
          value={text}
          allowDecimal={field.type === "FLOAT"}
          onChange={(value) => onChange(String(value))}
        />
      );
    case "JSON":
    case "ARRAY":
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          maxRows={10}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "SECRET":
      return (
        <PasswordInput
          {...common}
          value={text}
          autoComplete="off"
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "FILE":
      return <FileField {...common} entry={entry} onChange={onChange} />;
    default:
      return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}

function descriptionOf(field: Field): string | undefined {
  const parts = [field.description, HINTS[field.type]];
  if (isExpression(field.default)) parts.push(`left empty: ${field.default}`);
  if (field.dependsOn.length) parts.push(`required depending on ${field.dependsOn.join(", ")}`);
  if (field.min !== null || field.max !== null) parts.push(`${field.min ?? "…"} to ${field.max ?? "…"}`);
  return parts.filter(Boolean).join("; ") || undefined;
}

type FileProps = {
  label: string;
  description: string | undefined;
  error?: string;
  entry: Entry;
  onChange: (entry: Entry) => void;
};

/** Uploads the chosen file; of several choices the last one counts, whichever upload finishes last. */
function FileField({ error, entry, description, onChange, ...common }: FileProps) {
  const [failed, setFailed] = useState<string>();
  const [name, setName] = useState<string>();
  const choice = useRef(0);
  const choose = async (file: File | null) => {
    choice.current += 1;
    const mine = choice.current;
    setFailed(undefined);
    setName(file?.name);
    if (!file) return onChange("");
    onChange({ uploading: file.name });
    try {
      const id = await upload(file);
      if (mine === choice.current) onChange(id);
    } catch (error_) {
      if (mine !== choice.current) return;
      setFailed((error_ as Error).message);
      onChange("");
    }
  };
  return (
    <FileInput
      {...common}
      data-field
      description={isUploading(entry) ? `Uploading ${entry.uploading}…` : description}
      placeholder={name ?? "Choose a file"}
      error={failed ?? error}
      onChange={choose}
    />
  );
}
