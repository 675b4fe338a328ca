/** vLLM's own default of `--gpu-memory-utilization`: weights and KV cache share this part of each GPU. */
const DEFAULT_UTILIZATION = 0.9;

/** Variables of NIM 1.x and its variants for the same. */
const SHARES = ['NIM_KVCACHE_PERCENT', 'NIM_KV_CACHE_PERCENT', 'NIM_GPU_MEM_FRACTION'];

type Env = { [name: string]: string };

/**
 * The longest request that the server takes, in tokens: `--max-model-len` of the backend before NIM_MAX_MODEL_LEN, as the
 * container ranks them, else the model's own. What is known at deployment only counts as 0, so that it refuses nothing.
 */
export function contextLength(env: Env = {}, modelContext: number): number {
  const given = passedThrough(env, 'max-model-len') ?? env.NIM_MAX_MODEL_LEN;
  if (given === undefined) {
    return modelContext;
  }
  return /^\d+$/.test(String(given)) ? Math.min(Number(given), modelContext) : 0;
}

/**
 * The most of a GPU that an engine takes for weights and KV cache; all of it where a variable that is not read here sets it.
 *
 * @param unset what it takes where nothing is said
 */
export function memoryUtilization(env: Env = {}, unset = DEFAULT_UTILIZATION): number {
  const given = Number(passedThrough(env, 'gpu-memory-utilization') ?? unset);
  const read = given > 0 && given <= 1 && !SHARES.some((name) => name in env);
  return read ? given : 1;
}

/** A flag of the backend in NIM_PASSTHROUGH_ARGS (NIM 2.x); the last one counts. */
function passedThrough(env: Env, flag: string): string | undefined {
  const found = [...String(env.NIM_PASSTHROUGH_ARGS ?? '').matchAll(new RegExp(`--${flag}[= ]+(\\S+)`, 'g'))];
  return found.at(-1)?.[1];
}
