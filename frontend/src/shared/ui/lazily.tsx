import { Component, type ComponentType, lazy, type ReactNode, useState } from "react";
import { LoadFailed } from "./LoadFailed";

/** A component. To ask for the type of what it draws would go in a circle: a screen is typed by the routes that load it. */
type Drawing<Props> = (props: Props) => void;

type Options<Props> = {
  /** Of a dialog, which has no place of its own on the page: the notice floats, and this closes it. */
  closing?: (props: Props) => () => void;
};

/**
 * React's `lazy`, which also loads before by `preload`. A component that cannot be loaded says so in its own
 * place and leaves the rest of the page as it is; each new try loads it anew.
 */
export function lazily<Props extends object>(
  load: () => Promise<Drawing<Props>>,
  { closing }: Options<Props> = {},
): ((props: Props) => ReactNode) & { preload: () => Promise<void> } {
  let loaded: ComponentType<Props> | undefined;
  const find = async () => {
    const found = await load().catch((cause: unknown) => {
      throw new NotLoaded("A part of the page could not be loaded.", { cause });
    });
    loaded = found as ComponentType<Props>;
    return { default: loaded };
  };
  // React keeps a promise that was rejected, so each try needs a component of its own.
  let pending = lazy(find);
  const renew = () => {
    pending = lazy(find);
  };
  function Lazily(props: Props) {
    const [round, setRound] = useState(0);
    // Chosen once: the same part as another component would begin anew.
    const [Content, choose] = useState<ComponentType<Props>>(() => loaded ?? pending);
    const again = () => {
      choose(() => loaded ?? pending);
      setRound((before) => before + 1);
    };
    const failed = <LoadFailed again={again} onClose={closing?.(props)} />;
    return (
      <LoadBoundary key={round} failed={failed} onFailed={renew}>
        <Content {...props} />
      </LoadBoundary>
    );
  }
  return Object.assign(Lazily, { preload: () => find().then(nothing, nothing) });
}

function nothing(): void {}

class NotLoaded extends Error {}

type BoundaryProps = { children: ReactNode; failed: ReactNode; onFailed: () => void };

/** Catches what could not be loaded; whatever else breaks is for the page's own boundary. */
class LoadBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown) {
    if (error instanceof NotLoaded) this.props.onFailed();
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (error instanceof NotLoaded) return this.props.failed;
    throw error;
  }
}
