import { CitestreamError } from '../errors.ts';
import type { LocalModelSettings } from './local-embedder-worker.ts';

/** What the ONNX file of each precision is called. */
const ONNX_FILES: Readonly<Record<string, string>> = {
  q8: 'model_quantized.onnx',
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q4: 'model_q4.onnx',
};

/** Where a model's files belong, and how they get there. */
export function missingModel(
  model: string,
  { directory, precision }: Pick<LocalModelSettings, 'directory' | 'precision'>,
  detail = '',
): CitestreamError {
  return new CitestreamError(
    'MODEL_NOT_FOUND',
    `The folder ${directory} has no model ${model}${detail}. Put its config.json, tokenizer.json, tokenizer_config.json ` +
      `and onnx/${ONNX_FILES[precision] ?? 'model.onnx'} into ${directory}/${model}, or leave --models-dir away to download it.`,
  );
}

/** What loading or running a local model failed with, as an error of the house that says what to do. */
export function localEmbedderFailure(
  { code, message }: { readonly code: string | undefined; readonly message: string },
  settings: LocalModelSettings,
): CitestreamError {
  const { library, modelId, mayDownload } = settings;
  const said = message.replaceAll(/\s+/g, ' ').slice(0, 300).replace(/\.$/, '');
  if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${library}'`)) {
    return new CitestreamError(
      'CONFIGURATION',
      `The embedder local:${modelId} needs the package ${library}, which is not installed. Install it beside citestream: npm install ${library}`,
    );
  }
  if (!mayDownload && /not found locally/.test(message)) return missingModel(modelId, settings, ` (${said})`);
  if (/could not locate file|unauthorized|status (401|403|404)/i.test(message)) {
    return new CitestreamError(
      'MODEL_NOT_FOUND',
      `The Hugging Face hub has no ONNX model ${modelId} for everyone (${said}). Use one that has an onnx folder, as Xenova/all-MiniLM-L6-v2 has; set HF_TOKEN for one that is gated.`,
    );
  }
  if (
    mayDownload &&
    /fetch failed|terminated|network|timeout|status 5\d\d|status 429|ENOTFOUND|ECONN|EAI_AGAIN/i.test(message)
  ) {
    return new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `The model ${modelId} cannot be downloaded (${said}). Without a network, put its files into a folder and name it with --models-dir.`,
    );
  }
  return new CitestreamError('EMBEDDER_FAILED', `The model ${modelId} fails: ${said}.`);
}
