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
  /** The task that failed first, for replaying from it and for changing its state. */
  failed?: TaskRunRow | undefined;
  /** The word on the button, where "Restart failed tasks" would not be true. */
  word?: string;
};

const FIXES: readonly PageAction[] = ["RETRY_FAILED", "RESTART"];
const OTHERS: readonly PageAction[] = ["REPLAY", "PREPARE_EXECUTION", "RUN_AGAIN"];

/** The suggested fix as a button, and the other ways behind its arrow, each with its difference. */
export function Fix({ offered: { offers, target }, actions, failed, word }: Props) {
  const fix = offers.find(({ spec, allowed }) => allowed && FIXES.includes(spec.action));
  const others = OTHERS.flatMap((action) => offers.find(({ spec }) => spec.action === action) ?? []);
  if (!fix) return null;
  const Glyph = fix.spec.icon;
  return (
    <span className={classes.split}>
      <Tooltip label={fix.spec.description}>
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
            note={fix.spec.description}
            onClick={() => actions.start(fix.spec, target, "confirm")}
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
          note={REPLAY_FROM_TASK.description}
          onClick={() => start(specOf("REPLAY"), { ...target, given: { fromTask: failed.key } })}
        />
      )}
      {offers.map((offer) => (
        <ActionItem
          key={offer.spec.action}
          word={offer.spec.word}
          icon={offer.spec.icon}
          allowed={offer.allowed}
          note={offer.allowed ? offer.spec.description : offer.reason}
          onClick={() => start(offer.spec, target)}
        />
      ))}
      {failed && <ChangeState failed={failed} start={start} target={target} />}
    </>
  );
}

type ChangeProps = Omit<OtherProps, "offers" | "failed"> & { failed: TaskRunRow };

/** As the menu of the task has it: disabled with the server's reason, absent when the viewer's role never allows it. */
function ChangeState({ failed, start, target }: ChangeProps) {
  const { hidden, shown } = useTaskRunActions(target.id, failed.key).change;
  const spec = specOf("CHANGE_TASK_RUN_STATE");
  if (hidden) return null;
  return (
    <ActionItem
      word={`Change state of ${failed.key}`}
      icon={spec.icon}
      allowed={shown.allowed}
      note={shown.allowed ? spec.description : shown.note}
      onClick={() => start(spec, { ...target, taskRun: failed })}
    />
  );
}
