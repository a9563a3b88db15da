import { Dialog } from "@/shared/ui/Dialog";
import type { SearchField } from "./completion";
import classes from "./SearchBox.module.css";

const FORMS: readonly [string, string][] = [
  ["orders timeout", "words in the name, the flow or the error; use quotes for spaces"],
  ["state:failed flow:etl", "both hold"],
  ["(flow:a OR flow:b) NOT kind:train", "OR, NOT and parentheses, in capitals"],
  ["flow:nightly-*   branch:*", "begins with; exists"],
  ["name~part   branch!=main", "contains; is not"],
  ["duration>30m   duration:10m TO 1h", "compared; a range"],
  ["date>-24h   date:today   date:2026-01-01", "times"],
];

/** The whole search language on one page: all keys of the server, and the forms of a term. */
export function LanguageDialog({ fields, onClose }: { fields: readonly SearchField[]; onClose: () => void }) {
  return (
    <Dialog onClose={onClose} title="All keys and words" size="lg">
      <table className={classes.language}>
        <thead>
          <tr>
            <th>Key</th>
            <th>Meaning</th>
            <th>Takes</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field.name}>
              <td>
                <code>
                  {field.name}
                  {field.keyed ? ".key" : ""}
                </code>
              </td>
              <td>
                {field.description}
                {field.aliases.length > 0 && (
                  <span className={classes.note}> also {field.aliases.join(", ")}</span>
                )}
              </td>
              <td>
                <code>{field.operators.join(" ")}</code> {field.values.join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <table className={classes.language}>
        <thead>
          <tr>
            <th>Written</th>
            <th>Finds</th>
          </tr>
        </thead>
        <tbody>
          {FORMS.map(([form, words]) => (
            <tr key={form}>
              <td>
                <code>{form}</code>
              </td>
              <td>{words}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
