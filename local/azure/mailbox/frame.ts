/**
 * The mailbox's one script: makes the frame of a mail as high as the mail. It belongs to the page and only measures; in
 * the mail itself no script runs, so sharing its origin lends it nothing. Without it the frame keeps the height of the
 * stylesheet.
 */
export const FRAME_SCRIPT = `"use strict";
const frame = document.querySelector("iframe");
const fit = () => {
  const mail = frame.contentDocument?.scrollingElement;
  if (!mail?.hasChildNodes()) return;
  // A document is never lower than its frame: in one without height it tells its own.
  frame.style.height = "0";
  frame.style.height = mail.scrollHeight + frame.offsetHeight - frame.clientHeight + "px";
  // A scrollbar below a wide mail takes its height from the mail.
  const cut = frame.clientHeight - frame.contentDocument.documentElement.clientHeight;
  if (cut > 0) frame.style.height = frame.offsetHeight + cut + "px";
};
if (frame) {
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  fit();
}
`;
