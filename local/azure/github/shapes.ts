import { createHash } from "node:crypto";
import type { Run } from "../delivery/runs.ts";
import { LOGIN, type Repository, type Workflow } from "./repository.ts";

/** An issue as it is kept. Times are ISO 8601 without fractions, as GitHub gives them. */
export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: "open" | "closed";
  readonly state_reason: "completed" | "reopened" | "not_planned" | "duplicate" | null;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  readonly comments: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly closed_at: string | null;
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly body: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
}

/** Milliseconds since the epoch as GitHub writes a time. */
export function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const nodeId = (kind: string, id: number) => Buffer.from(`${kind}:${id}`).toString("base64url");

/** The documents of one repository, as GitHub writes them. `base` is the address of the API, `site` that of the pages. */
export function shapesOf(base: string, site: string, repository: Repository) {
  const path = `${repository.owner}/${repository.name}`;
  const url = `${base}/repos/${path}`;
  const html = `${site}/${path}`;
  const user = userOf(base, site);

  function label({ id, name, color, description }: Label) {
    const address = `${url}/labels/${encodeURIComponent(name)}`;
    return { id, node_id: nodeId("Label", id), url: address, name, color, default: false, description };
  }

  function issue(kept: Issue, labels: readonly Label[]) {
    const { number, ...rest } = kept;
    const address = `${url}/issues/${number}`;
    const assignees = kept.assignees.map(() => user);
    return {
      ...rest,
      id: repository.id * 100_000 + number,
      node_id: nodeId("Issue", number),
      number,
      url: address,
      repository_url: url,
      labels_url: `${address}/labels{/name}`,
      comments_url: `${address}/comments`,
      events_url: `${address}/events`,
      timeline_url: `${address}/timeline`,
      html_url: `${html}/issues/${number}`,
      user,
      labels: kept.labels.flatMap((name) => labels.filter((one) => one.name === name).map(label)),
      assignee: assignees[0] ?? null,
      assignees,
      milestone: null,
      locked: false,
      active_lock_reason: null,
      closed_by: kept.state === "closed" ? user : null,
      author_association: "COLLABORATOR" as const,
      performed_via_github_app: null,
      reactions: reactions(address),
    };
  }

  function comment({ id, issue: number, body, created_at, updated_at }: Comment) {
    const address = `${url}/issues/comments/${id}`;
    return {
      id,
      node_id: nodeId("IssueComment", id),
      url: address,
      html_url: `${html}/issues/${number}#issuecomment-${id}`,
      issue_url: `${url}/issues/${number}`,
      user,
      body,
      created_at,
      updated_at,
      author_association: "COLLABORATOR" as const,
      performed_via_github_app: null,
      reactions: reactions(address),
    };
  }

  function workflow({ id, name, path: file }: Workflow) {
    return {
      id,
      node_id: nodeId("Workflow", id),
      name,
      path: file,
      state: "active" as const,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
      url: `${url}/actions/workflows/${id}`,
      html_url: `${html}/blob/main/${file}`,
      badge_url: `${html}/actions/workflows/${file.split("/").at(-1)}/badge.svg`,
    };
  }

  function run(kept: Run, { id, name, path: file }: Workflow) {
    const address = `${url}/actions/runs/${kept.id}`;
    const sha = createHash("sha1").update(`${path}@${kept.ref}`).digest("hex");
    const minimal = minimalRepository(base, site, repository);
    return {
      id: kept.id,
      name,
      node_id: nodeId("WorkflowRun", kept.id),
      head_branch: kept.ref.replace(/^refs\/(heads|tags)\//, ""),
      head_sha: sha,
      path: file,
      display_title: kept.title,
      run_number: kept.number,
      run_attempt: 1,
      event: kept.event,
      status: kept.status,
      conclusion: kept.conclusion,
      workflow_id: id,
      check_suite_id: kept.id,
      check_suite_node_id: nodeId("CheckSuite", kept.id),
      url: address,
      html_url: `${html}/actions/runs/${kept.id}`,
      pull_requests: [],
      created_at: timeOf(kept.createdAt),
      updated_at: timeOf(kept.updatedAt),
      run_started_at: timeOf(kept.startedAt ?? kept.createdAt),
      actor: user,
      triggering_actor: user,
      referenced_workflows: [],
      jobs_url: `${address}/jobs`,
      logs_url: `${address}/logs`,
      check_suite_url: `${url}/check-suites/${kept.id}`,
      artifacts_url: `${address}/artifacts`,
      cancel_url: `${address}/cancel`,
      rerun_url: `${address}/rerun`,
      previous_attempt_url: null,
      workflow_url: `${url}/actions/workflows/${id}`,
      head_commit: null,
      repository: minimal,
      head_repository: minimal,
    };
  }

  return {
    url,
    label,
    issue,
    comment,
    workflow,
    run,
    repository: () => minimalRepository(base, site, repository),
  };
}

export function userOf(base: string, site: string) {
  const url = `${base}/users/${LOGIN}`;
  return {
    login: LOGIN,
    id: 1,
    node_id: nodeId("User", 1),
    avatar_url: "",
    gravatar_id: "",
    url,
    html_url: `${site}/${LOGIN}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "Bot",
    site_admin: false,
  };
}

function reactions(url: string) {
  const none = { "+1": 0, "-1": 0, laugh: 0, hooray: 0, confused: 0, heart: 0, rocket: 0, eyes: 0 };
  return { url: `${url}/reactions`, total_count: 0, ...none };
}

/** What hangs below a repository's address, by the name of its property. */
const REPOSITORY_URLS = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
} as const;

function minimalRepository(base: string, site: string, { id, owner, name }: Repository) {
  const url = `${base}/repos/${owner}/${name}`;
  const urls = Object.entries(REPOSITORY_URLS).map(([key, tail]) => [key, `${url}${tail}`]);
  return {
    id,
    node_id: nodeId("Repository", id),
    name,
    full_name: `${owner}/${name}`,
    owner: { ...userOf(base, site), login: owner, id: 2, type: "Organization" },
    private: true,
    html_url: `${site}/${owner}/${name}`,
    description: null,
    fork: false,
    url,
    ...(Object.fromEntries(urls) as Record<keyof typeof REPOSITORY_URLS, string>),
  };
}
