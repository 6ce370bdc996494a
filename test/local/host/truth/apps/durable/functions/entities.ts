import * as df from "durable-functions";
import { count } from "./activities.ts";

df.app.entity("account", (context: df.EntityContext<number>) => {
  const balance = context.df.getState(() => 0) ?? 0;
  switch (context.df.operationName) {
    case "set":
      return context.df.setState(Number(context.df.getInput()));
    case "add":
      return context.df.setState(balance + Number(context.df.getInput()));
    default:
      return context.df.return(balance);
  }
});

df.app.entity("fragile", (context: df.EntityContext<number>) => {
  if (count(`fragile ${context.df.getInput<string>()}`) === 1) throw new Error("This entity failed");
  context.df.return(0);
});

/** Keeps the last input it was signalled with. */
df.app.entity("note", (context: df.EntityContext<unknown>) => {
  context.df.setState(context.df.getInput() ?? "nothing");
});
