import { useState } from "react";

/** A problem as a form shows it: at the field that its path names, else above the buttons. */
export type Refused = { message: string; path: readonly string[] | null };
export type Answered<Problem extends Refused> = { problems: readonly Problem[] };

/** The submit logic of every dialog: send once, show why it was refused, close when it succeeded. */
export function useSubmit<Input, Problem extends Refused, Answer extends Answered<Problem>>(
  send: (input: Input) => Promise<Answer>,
  done: (answer: Answer) => void,
) {
  const [busy, setBusy] = useState(false);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const submit = async (input: Input) => {
    if (busy) return;
    setBusy(true);
    const answer = await send(input);
    setBusy(false);
    setProblems(answer.problems);
    if (!answer.problems.length) done(answer);
  };
  return { submit, busy, problems };
}
