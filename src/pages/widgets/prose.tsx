/** A sentence in which words between backticks are set as code. */
export function Prose({ text }: { readonly text: string }) {
  const parts = text.split("`");
  // A lone backtick begins nothing and is shown as it is.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}
