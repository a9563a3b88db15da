const OVER_SSH = /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+)$/;

/** The web address of a repository; null when it has none. */
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
