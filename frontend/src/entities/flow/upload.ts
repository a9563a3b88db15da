/** Uploads a file; returns its id, the value of a FILE input. Throws with the server's message. */
export async function upload(file: File): Promise<string> {
  const address = `/files?name=${encodeURIComponent(file.name)}`;
  const response = await fetch(address, {
    method: "POST",
    body: file,
    headers: { "content-type": "application/octet-stream" },
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.errors?.[0]?.message ?? `the server answered ${response.status}`);
  return answer.id;
}
