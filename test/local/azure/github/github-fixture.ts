import { request } from "@octokit/request";
import { useDelivery } from "../delivery/setup.ts";

export const scene = useDelivery();
export const REPO = { owner: "outerloop", repo: "models" };
export const MARKER = "<!-- outerloop:loopback-weather-max-7 -->";

/** The real client, as an adapter would hold it. */
export const client = (token = scene.delivery.githubToken) =>
  request.defaults({
    baseUrl: `${scene.origin}/github-api`,
    headers: { authorization: `Bearer ${token}`, "x-github-api-version": "2022-11-28" },
  });

export const openIssue = (more: object = {}) =>
  client()("POST /repos/{owner}/{repo}/issues", { ...REPO, title: "Drift", ...more });
export const dispatch = (inputs: Record<string, string> = { model: "weather-max" }) =>
  client()("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
    ...REPO,
    workflow_id: "retrain.yml",
    ref: "main",
    inputs,
  });
export const runs = async () => {
  const { data } = await client()("GET /repos/{owner}/{repo}/actions/runs", REPO);
  return data.workflow_runs;
};
