const OVER_SSH = /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+)$/;

/** The address under which a browser finds a repository; null when it is no address that one opens. */
export function webAddress(repository: string | null): string | null {
  if (!repository) return null;
  const [, host, path] = OVER_SSH.exec(repository) ?? [];
  const address = host ? `https://${host}/${path}` : repository;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  url.username = "";
  url.password = "";
  return url.href.replace(/\/?(\.git)?\/?$/, "");
}
