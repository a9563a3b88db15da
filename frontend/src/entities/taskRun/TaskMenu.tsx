import { ActionIcon, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconBraces, IconCode, IconDots, IconFileText, IconLink, IconTerminal2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ActionItem } from "@/entities/execution/actions/ActionItem";
import { REPLAY_FROM_TASK, specOf } from "@/entities/execution/actions/registry";
import type { Actions } from "@/entities/execution/actions/useActions";
import type { Head, TaskRunRow } from "@/entities/execution/record";
import { useTaskRunActions } from "./useTaskRunActions";

/** The targets of the menu: the inspector's tabs of the task, and the debug expression below its outputs. */
export type TaskView = "logs" | "outputs" | "source" | "debug";

type Props = {
  task: Pick<TaskRunRow, "id" | "key" | "state">;
  execution: Pick<Head, "id" | "name" | "labels">;
  /** The page's `useActions`, which shows the dialogs. */
  actions: Actions;
  /** Selects the task and opens the chosen tab, by changing the page's URL. */
  onShow: (view: TaskView) => void;
  /** The button that opens the menu; three dots by default. It must take a ref and props, as Mantine's targets do. */
  children?: ReactNode;
  /** Opens it from outside, for example on a right click. */
  opened?: boolean;
  onChange?: (opened: boolean) => void;
};

/** The menu of a task run, the same everywhere. Its available actions are read when it opens. */
export function TaskMenu(props: Props) {
  const { task, children, opened, onChange } = props;
  return (
    <Menu
      width={280}
      position="bottom-end"
      {...(opened !== undefined && { opened })}
      {...(onChange && { onChange })}
    >
      <Menu.Target>
        {children ?? (
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={`Menu of ${task.key}`}>
            <IconDots size={16} stroke={1.75} aria-hidden />
          </ActionIcon>
        )}
      </Menu.Target>
      <Menu.Dropdown>
        <TaskItems {...props} />
      </Menu.Dropdown>
    </Menu>
  );
}

/** Only the items of the menu, for a menu opened elsewhere. */
export function TaskItems({ task, execution, actions, onShow }: Props) {
  const clipboard = useClipboard();
  const { replay, change } = useTaskRunActions(execution.id, task.key);
  const target = { id: execution.id, name: execution.name, labels: execution.labels };
  const changing = specOf("CHANGE_TASK_RUN_STATE");
  return (
    <>
      <ActionItem word="Logs" icon={IconFileText} onClick={() => onShow("logs")} />
      <ActionItem word="Outputs" icon={IconBraces} onClick={() => onShow("outputs")} />
      <ActionItem word="Source" icon={IconCode} onClick={() => onShow("source")} />
      <ActionItem word="Debug expression" icon={IconTerminal2} onClick={() => onShow("debug")} />
      <Menu.Divider />
      {!replay.hidden && (
        <ActionItem
          {...REPLAY_FROM_TASK}
          {...replay.shown}
          onClick={() => actions.start(specOf("REPLAY"), { ...target, given: { fromTask: task.key } })}
        />
      )}
      {!change.hidden && (
        <ActionItem
          word={changing.word}
          icon={changing.icon}
          description={changing.description}
          {...change.shown}
          onClick={() => actions.start(changing, { ...target, taskRun: task })}
        />
      )}
      <ActionItem
        word="Copy link"
        icon={IconLink}
        onClick={() => clipboard.copy(addressOf(execution.id, task.key))}
      />
    </>
  );
}

function addressOf(id: string, key: string): string {
  return `${window.location.origin}/executions/${id}?task=${encodeURIComponent(key)}`;
}
