import { Button, Menu, Tooltip } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import { type Offer, type PageAction, REPLAY_FROM_TASK, specOf } from "@/entities/execution/actions/registry";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { TaskRunRow } from "@/entities/execution/record";
import { useTaskRunActions } from "@/entities/taskRun/useTaskRunActions";
import type { Offered } from "../useOffers";
import classes from "./Strip.module.css";

type Props = {
  offered: Offered;
  actions: Actions;
  /** The one that failed first: it can be replayed from, and its state be changed. */
  failed?: TaskRunRow | undefined;
  /** On the button, where "Restart failed tasks" would not be true. */
  word?: string;
};

const FIXES: readonly PageAction[] = ["RETRY_FAILED", "RESTART"];
const OTHERS: readonly PageAction[] = ["REPLAY", "PREPARE_EXECUTION", "RUN_AGAIN"];

/** The one fix, done by a click, and the other ways behind its arrow, each with how it differs. */
export function Fix({ offered: { offers, target }, actions, failed, word }: Props) {
  const fix = offers.find(({ spec, allowed }) => allowed && FIXES.includes(spec.action));
  const others = OTHERS.flatMap((action) => offers.find(({ spec }) => spec.action === action) ?? []);
  if (!fix) return null;
  const Glyph = fix.spec.icon;
  return (
    <span className={classes.split}>
      <Tooltip label={fix.spec.tells}>
        <Button variant="filled" onClick={() => actions.start(fix.spec, target, "now")}>
          {word ?? fix.spec.word}
          <kbd className={classes.key} aria-hidden>
            {fix.spec.key}
          </kbd>
        </Button>
      </Tooltip>
      <Menu width={330} position="bottom-end">
        <Menu.Target>
          <Button variant="filled" px={0} aria-label="Other ways to run it again">
            <IconChevronDown size={16} stroke={1.75} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <ActionItem
            word={`${word ?? fix.spec.word}, with the plan first`}
            icon={Glyph}
            note={fix.spec.tells}
            onClick={() => actions.start(fix.spec, target, "ask")}
          />
          <Other offers={others} failed={failed} start={actions.start} target={target} />
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}

type OtherProps = {
  offers: readonly Offer[];
  failed: TaskRunRow | undefined;
  start: Actions["start"];
  target: Offered["target"];
};

function Other({ offers, failed, start, target }: OtherProps) {
  const replays = offers.some(({ spec, allowed }) => spec.action === "REPLAY" && allowed);
  return (
    <>
      {failed && replays && (
        <ActionItem
          word={`Replay from ${failed.key}`}
          icon={REPLAY_FROM_TASK.icon}
          note={REPLAY_FROM_TASK.tells}
          onClick={() => start(specOf("REPLAY"), { ...target, given: { fromTask: failed.key } })}
        />
      )}
      {offers.map((offer) => (
        <ActionItem
          key={offer.spec.action}
          word={offer.spec.word}
          icon={offer.spec.icon}
          allowed={offer.allowed}
          note={offer.allowed ? offer.spec.tells : offer.reason}
          onClick={() => start(offer.spec, target)}
        />
      ))}
      {failed && <ChangeState failed={failed} start={start} target={target} />}
    </>
  );
}

type ChangeProps = Omit<OtherProps, "offers" | "failed"> & { failed: TaskRunRow };

/** As the menu of the task has it: with the server's reason when it is not possible, absent when it never is. */
function ChangeState({ failed, start, target }: ChangeProps) {
  const { hidden, shown } = useTaskRunActions(target.id, failed.key).change;
  const spec = specOf("CHANGE_TASK_RUN_STATE");
  if (hidden) return null;
  return (
    <ActionItem
      word={`Change state of ${failed.key}`}
      icon={spec.icon}
      allowed={shown.allowed}
      note={shown.allowed ? spec.tells : shown.note}
      onClick={() => start(spec, { ...target, taskRun: failed })}
    />
  );
}
