/** Whether the server has another build of the page than the running one; its chunks have other names then. */
export async function isReplaced(): Promise<boolean> {
  const entry = document.querySelector('script[type="module"][src]')?.getAttribute("src");
  if (!entry) return false;
  try {
    const page = await fetch("/", { cache: "no-store", headers: { accept: "text/html" } });
    return page.ok && !(await page.text()).includes(entry);
  } catch {
    return false; // the server cannot be reached: unknown
  }
}
