/** The rules of a subscription, as `$management` lists and changes them. */
import rhea from "rhea";
import * as z from "zod";
import { Rule, type RuleConfig } from "./config.ts";
import { refusals } from "./refusal.ts";
import { type Reply, replies } from "./request-reply.ts";
import { SqlSyntaxError } from "./sql-tokens.ts";
import type { SubscriptionRules } from "./subscription-rules.ts";

/** Descriptors of the lists that describe a rule: 0x137 and 0x13 in their upper half. */
const DESCRIPTOR = {
  rule: 0x13700000004,
  emptyAction: 0x13700000005,
  sqlFilter: 0x1370000006,
  trueFilter: 0x1370000007,
  correlationFilter: 0x1370000009,
} as const;

const { wrap_described, wrap_list, wrap_map, wrap_string } = rhea.types;

const Listed = z.object({ skip: z.number().default(0), top: z.number().default(100) });
const Named = z.object({ "rule-name": z.string() });
const Text = z.string().nullish();
const Added = Named.extend({
  "rule-description": z.object({
    "sql-filter": z.object({ expression: z.string() }).optional(),
    "correlation-filter": z
      .object({
        "correlation-id": Text,
        "message-id": Text,
        to: Text,
        "reply-to": Text,
        label: Text,
        "session-id": Text,
        "reply-to-session-id": Text,
        "content-type": Text,
        properties: z.record(z.string(), z.unknown()).nullish(),
      })
      .optional(),
    "sql-rule-action": z.unknown().optional(),
  }),
});

type Operation = (rules: SubscriptionRules, body: unknown) => Reply;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:enumerate-rules": (rules, body) => {
    const { skip, top } = Listed.parse(body);
    const found = rules.list().slice(skip, skip + top);
    if (found.length === 0) return replies.nothing();
    return replies.ok({ rules: found.map((rule) => ({ "rule-description": describeRule(rule) })) });
  },

  "com.microsoft:add-rule": (rules, body) => {
    const { "rule-name": name, "rule-description": description } = Added.parse(body);
    if (description["sql-rule-action"] !== undefined)
      return replies.unknown("com.microsoft:add-rule with an action");
    if (rules.has(name)) return replies.refused(refusals.ruleExists(name));
    try {
      rules.add(readRule(name, description));
      return replies.ok();
    } catch (error) {
      if (error instanceof SqlSyntaxError) return replies.badRequest(error.message);
      throw error;
    }
  },

  "com.microsoft:remove-rule": (rules, body) => {
    const { "rule-name": name } = Named.parse(body);
    if (!rules.has(name)) return replies.refused(refusals.noRule(name));
    rules.remove(name);
    return replies.ok();
  },
};

/** Answers an operation on rules, once what it changed is on disk; `false` when it is another operation. */
export function manageRules(
  rules: SubscriptionRules,
  request: { readonly operation: string; readonly body: unknown },
  reply: (reply: Reply) => void,
): boolean {
  const operation = OPERATIONS[request.operation];
  if (!operation) return false;
  const answer = operation(rules, request.body);
  rules.afterCommit((error) => reply(error ? replies.refused(refusals.storeFailed()) : answer));
  return true;
}

function readRule(name: string, description: z.output<typeof Added>["rule-description"]): RuleConfig {
  const sql = description["sql-filter"];
  const correlation = description["correlation-filter"];
  if (sql)
    return Rule.parse({
      name,
      properties: { FilterType: "Sql", SqlFilter: { SqlExpression: sql.expression } },
    });
  if (!correlation) return Rule.parse({ name, properties: { FilterType: "True" } });
  const filter = {
    CorrelationId: correlation["correlation-id"],
    MessageId: correlation["message-id"],
    To: correlation.to,
    ReplyTo: correlation["reply-to"],
    Label: correlation.label,
    SessionId: correlation["session-id"],
    ReplyToSessionId: correlation["reply-to-session-id"],
    ContentType: correlation["content-type"],
    Properties: correlation.properties,
  };
  const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== null);
  return Rule.parse({
    name,
    properties: { FilterType: "Correlation", CorrelationFilter: Object.fromEntries(given) },
  });
}

function describeRule(rule: RuleConfig): unknown {
  const action = wrap_described(wrap_list([]), DESCRIPTOR.emptyAction);
  return wrap_described(wrap_list([describeFilter(rule), action, wrap_string(rule.name)]), DESCRIPTOR.rule);
}

function describeFilter({ properties }: RuleConfig): unknown {
  switch (properties.FilterType) {
    case "True":
      return wrap_described(wrap_list([]), DESCRIPTOR.trueFilter);
    case "Sql":
      return wrap_described(
        wrap_list([wrap_string(properties.SqlFilter.SqlExpression)]),
        DESCRIPTOR.sqlFilter,
      );
    case "Correlation": {
      const filter = properties.CorrelationFilter;
      const fields = [
        filter.CorrelationId,
        filter.MessageId,
        filter.To,
        filter.ReplyTo,
        filter.Label,
        filter.SessionId,
        filter.ReplyToSessionId,
        filter.ContentType,
      ];
      const list = [...fields.map((field) => field ?? null), wrap_map(filter.Properties)];
      return wrap_described(wrap_list(list), DESCRIPTOR.correlationFilter);
    }
  }
}
