/** The loop's tests run the very bundle that is deployed: it is built once, before them all. */
export { buildAppOnce as setup } from "../tools/build-app.ts";
