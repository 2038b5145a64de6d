/** The engine that answers at an endpoint, by the id that it was started with; undefined when none does. */
export async function engineIdAt(endpoint: string, timeoutMs = 5000): Promise<string | undefined> {
  try {
    const response = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(timeoutMs) });
    const health = (await response.json()) as { edition?: string };
    return response.ok ? health.edition : undefined;
  } catch {
    return undefined;
  }
}

/** Whether any HTTP server answers at the endpoint, whatever it says. */
export async function answers(endpoint: string, timeoutMs = 5000): Promise<boolean> {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
