// How somebody without a token gets one into this browser.

export function LoginHint() {
  return (
    <>
      Open the link that the server printed when it started (the line that begins with <code>ready:</code>):
      it logs this browser in.
    </>
  );
}
