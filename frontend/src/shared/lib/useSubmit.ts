import { useState } from "react";

/** A refusal as a form shows it: beside the field that its path names, else above the buttons. */
export type Refused = { message: string; path: readonly string[] | null };
export type Answered<Problem extends Refused> = { problems: readonly Problem[] };

/** What every dialog does: send once, show why it was refused, close when it was done. */
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
