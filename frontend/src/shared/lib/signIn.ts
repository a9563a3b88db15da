/** The URL of the sign-in, which returns to the current page. */
export function signInHere(): string {
  const { pathname, search } = window.location;
  return `/login?next=${encodeURIComponent(`${pathname}${search}`)}`;
}
