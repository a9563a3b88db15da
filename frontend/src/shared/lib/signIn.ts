/** The address of the sign-in, which leads back to this place. */
export function signInHere(): string {
  const { pathname, search } = window.location;
  return `/login?next=${encodeURIComponent(`${pathname}${search}`)}`;
}
