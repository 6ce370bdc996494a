/** `npm run build`: bundles the app into `dist/`. */
import { buildApp } from "./tools/build-app.ts";

await buildApp();
