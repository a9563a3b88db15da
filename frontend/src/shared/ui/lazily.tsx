import { Component, type ComponentType, lazy, type ReactNode, useState } from "react";
import { LoadFailed } from "./LoadFailed";

/** A component. Its props are not typed further, which would be circular: the routes that load a screen type it. */
type Drawing<Props> = (props: Props) => void;

type Options<Props> = {
  /** For a dialog, which has no place of its own on the page: the notice floats, and this closes it. */
  closing?: (props: Props) => () => void;
};

/**
 * React's `lazy`, with a `preload`. A component that cannot be loaded shows that in its own place and does not affect
 * the rest of the page; each retry loads it again.
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
  // React caches a rejected promise, so each retry needs a new component.
  let pending = lazy(find);
  const renew = () => {
    pending = lazy(find);
  };
  function Lazily(props: Props) {
    const [round, setRound] = useState(0);
    // Chosen once: another component for the same part would lose its state.
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

/** Catches loading errors; all other errors are left to the page's own boundary. */
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
