import { type Changes, casesOf, type RuleCase } from './case';
import { VALID } from './objects';

const cache = casesOf(VALID.nimCache);
const NGC = 'spec.source.ngc';
const MODEL = `${NGC}.model`;
const PVC = 'spec.storage.pvc';
const HF = {
  endpoint: 'https://huggingface.co',
  namespace: 'meta-llama',
  modelName: 'Llama-3.1-8B-Instruct',
  authSecret: 'hf',
  modelPuller: 'nvcr.io/nim/nvidia/llm-nim:1.15.0',
  pullSecret: 'ngc-secret',
};
const DATA_STORE = { ...HF, endpoint: 'https://datastore.example/v1/hf' };
const hf = (changes: object): Changes => ({ 'spec.source': { hf: { ...HF, ...changes } } });
const selected = (model: object): Changes => ({ [MODEL]: model });
const COMPLETE = { engine: 'tensorrt_llm', precision: 'fp16', tensorParallelism: '2', gpus: [{ product: 'a10g' }] };
const ID = '4f904d571fe60ff24695b5ee2aa42da58cb460787a968f1e8a09f5a7e862728d';
const OWN = ['nim-cache/claim-of-its-own'];
const NEW_CLAIM = { create: true, size: '100Gi', volumeAccessMode: 'ReadWriteMany', storageClass: 'gp3' };

export const NIM_CACHE_CASES: readonly RuleCase[] = [
  cache(
    'nim-cache/one-source',
    { 'spec.source.hf': HF },
    'spec.source is ["ngc","hf"], allowed is exactly one of ngc, dataStore and hf; keep one of them',
    { what: 'two', passing: hf({}) },
  ),
  cache(
    'nim-cache/one-source',
    { 'spec.source': {} },
    'spec.source is [], allowed is exactly one of ngc, dataStore and hf; keep one of them',
    { what: 'none' },
  ),
  cache(
    'nim-cache/model-or-dataset',
    hf({ datasetName: 'wikitext' }),
    'spec.source.hf is ["modelName","datasetName"], allowed is exactly one of modelName and datasetName; name one of them',
    {
      what: 'both of Hugging Face',
      cel: 'NIMCache spec.source.hf 7d83a109',
      passing: hf({ modelName: undefined, datasetName: 'wikitext' }),
    },
  ),
  cache(
    'nim-cache/model-or-dataset',
    { 'spec.source': { dataStore: { ...DATA_STORE, modelName: undefined } } },
    'spec.source.dataStore is [], allowed is exactly one of modelName and datasetName; name one of them',
    {
      what: 'neither of a data store',
      cel: 'NIMCache spec.source.dataStore 7d83a109',
      passing: { 'spec.source': { dataStore: DATA_STORE } },
    },
  ),
  cache(
    'nim-cache/model-beside-endpoint',
    { [`${NGC}.modelEndpoint`]: 'https://models.example' },
    'spec.source.ngc is ["model","modelEndpoint"], allowed is one of model and modelEndpoint; leave one of them out',
    {
      passing: { [`${NGC}.modelEndpoint`]: 'https://models.example', [MODEL]: undefined },
    },
  ),
  cache(
    'nim-cache/empty-name',
    { [`${NGC}.authSecret`]: '' },
    'spec.source.ngc.authSecret is "", allowed is a text that is not empty; name the Secret',
  ),
  cache(
    'nim-cache/no-claim',
    { 'spec.storage': { hostPath: '/models' } },
    "spec.storage.pvc is not given, allowed is a claim, as the webhook takes no hostPath alone; write pvc: { name: 'nim-models', volumeAccessMode: 'ReadWriteMany', subPath: 'llama' }",
  ),
  cache(
    'nim-cache/host-path',
    { 'spec.storage.hostPath': '/models' },
    'spec.storage.hostPath is "/models", allowed is none: the operator downloads to the claim and does not read it; leave it out',
  ),
  cache(
    'nim-cache/claim-of-its-own',
    { [PVC]: NEW_CLAIM },
    'spec.storage.pvc.create is true, allowed is a claim that is there, as one that the cache makes is deleted with it, models and all, and a change is a new cache; write create: false, the name of a claim and a subPath, or acknowledge this rule where a new download is no loss',
    { passing: { [`${PVC}.create`]: false } },
  ),
  cache(
    'nim-cache/pull-secret',
    { [`${NGC}.pullSecret`]: undefined },
    "spec.source.ngc.pullSecret is not given, allowed is the Secret of a login to nvcr.io, without which images of before NIM 2.0.10 and of production branches are not pulled; write pullSecret: 'ngc-secret'",
    { passing: { [`${NGC}.pullSecret`]: undefined, [`${NGC}.modelPuller`]: 'registry.example/nim/llama:1' } },
  ),
  cache(
    'nim-cache/proxy-url',
    { 'spec.proxy': { httpsProxy: 'proxy.example:3128' } },
    `spec.proxy.httpsProxy is "proxy.example:3128", allowed is a URL that starts with http:// or https://; write httpsProxy: 'http://proxy.example:3128'`,
    {
      passing: { 'spec.proxy': { httpsProxy: 'http://proxy.example:3128' } },
    },
  ),
  cache(
    'nim-cache/no-proxy',
    { 'spec.proxy': { noProxy: 'localhost, *.svc' } },
    'spec.proxy.noProxy is "*.svc", allowed is host names, addresses and CIDR blocks, separated by commas; write a domain with a dot before it, .svc rather than *.svc',
    {
      passing: {
        'spec.proxy': { noProxy: 'localhost, .svc,10.0.0.0/8,10.1.2.3:8080,[2001:db8::1]:443,[2001:db8::]/32,' },
      },
    },
  ),
  cache(
    'nim-cache/cert-config',
    { 'spec.certConfig': { name: 'certs', mountPath: '/certs' } },
    'spec.certConfig is {"mountPath":"/certs","name":"certs"}, allowed is nothing: the operator reports an error and downloads nothing; write proxy.certConfigMap',
  ),
  cache(
    'nim-cache/node-selector',
    { 'spec.nodeSelector': {} },
    "spec.nodeSelector is {}, allowed is one label or more: the default waits for a node labelled feature.node.kubernetes.io/pci-10de.present; write nodeSelector: { 'kubernetes.io/os': 'linux' }, as a download needs no GPU",
  ),
  cache(
    'nim-cache/puller-tag',
    { [`${NGC}.modelPuller`]: 'registry.example:5000/nim/llama' },
    'spec.source.ngc.modelPuller is "registry.example:5000/nim/llama", allowed is an image with a tag other than latest, or a digest; add the tag that serves the model',
    {
      passing: { [`${NGC}.modelPuller`]: `registry.example:5000/nim/llama@sha256:${'0'.repeat(64)}` },
    },
  ),
  cache(
    'nim-cache/hugging-face-puller',
    hf({ modelPuller: 'nvcr.io/nvidia/nemo-microservices/nds-v2-huggingface-cli:25.06' }),
    'spec.source.hf.modelPuller is "nvcr.io/nvidia/nemo-microservices/nds-v2-huggingface-cli:25.06", allowed is an image with a model manifest, or one that has download-to-cache; name the NIM image that serves the model',
  ),
  cache(
    'nim-cache/name',
    { 'metadata.name': 'l'.repeat(60) },
    'metadata.name is "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllll", allowed is at most 59 characters, as the operator names a Job after it; shorten it',
    { passing: { 'metadata.name': 'l'.repeat(59) } },
  ),
  cache(
    'nim-cache/claim-without-name',
    { [PVC]: { create: false, subPath: 'llama' } },
    "spec.storage.pvc.name is not given, allowed is the name of a claim in the namespace, or create: true; write name: 'nim-models'",
    {
      accepted: OWN,
      passing: { [PVC]: NEW_CLAIM },
    },
  ),
  cache(
    'nim-cache/access-mode',
    { [`${PVC}.volumeAccessMode`]: 'RWX' },
    `spec.storage.pvc.volumeAccessMode is "RWX", allowed is ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod; write volumeAccessMode: 'ReadWriteMany'`,
  ),
  cache(
    'nim-cache/new-claim-unfinished',
    { [PVC]: { ...NEW_CLAIM, size: undefined } },
    "spec.storage.pvc.size is not given, allowed is a value where create is true, as the operator has no default; write size: '100Gi'",
    {
      accepted: OWN,
      passing: { [PVC]: NEW_CLAIM },
    },
  ),
  cache(
    'nim-cache/new-claim-without-class',
    { [PVC]: { ...NEW_CLAIM, storageClass: '' } },
    `spec.storage.pvc.storageClass is "", allowed is a StorageClass, as EKS clusters have no default one and the claim would stay Pending; write storageClass: 'gp3', or the class that the cluster has`,
    {
      accepted: OWN,
      passing: { [PVC]: NEW_CLAIM },
    },
  ),
  cache(
    'nim-cache/profiles-beside-selectors',
    selected({ profiles: [ID], lora: true }),
    'spec.source.ngc.model is ["profiles","lora"], allowed is profiles alone; leave the other selectors out',
    {
      passing: selected({ profiles: [ID], engine: '' }),
    },
  ),
  cache(
    'nim-cache/all-profiles-alone',
    selected({ profiles: ['all', ID] }),
    `spec.source.ngc.model.profiles is ["all","${ID}"], allowed is "all" as the only entry, or ids of profiles; leave "all" out`,
    {
      passing: selected({ profiles: ['all'] }),
    },
  ),
  cache(
    'nim-cache/qos-profile',
    selected({ ...COMPLETE, qosProfile: 'fast' }),
    `spec.source.ngc.model.qosProfile is "fast", allowed is latency or throughput; write qosProfile: 'throughput', or leave it out`,
    {
      passing: selected({ ...COMPLETE, qosProfile: 'latency' }),
    },
  ),
  cache(
    'nim-cache/profile-id',
    selected({ profiles: [ID, 'vllm-bf16-tp1'] }),
    'spec.source.ngc.model.profiles[1] is "vllm-bf16-tp1", allowed is an id of 64 hex digits, or "all" alone; copy it from what list-model-profiles prints in the image',
    { passing: selected({ profiles: [ID, '0'.repeat(64)] }) },
  ),
  cache(
    'nim-cache/engine',
    selected({ ...COMPLETE, engine: 'trt-llm' }),
    `spec.source.ngc.model.engine is "trt-llm", allowed is tensorrt_llm, vllm or sglang, as profiles are tagged; write engine: 'tensorrt_llm'`,
    { passing: selected({ ...COMPLETE, engine: 'tensorrt' }) },
  ),
  cache(
    'nim-cache/several-profiles',
    selected({ ...COMPLETE, precision: undefined }),
    "spec.source.ngc.model.precision is not given, allowed is precision beside engine tensorrt_llm, as every variant is downloaded and the server picks one at its start; write precision: 'fp8' and tensorParallelism: '1', say, or profiles: ['<id>']",
    { what: 'without a precision', passing: selected(COMPLETE) },
  ),
  cache(
    'nim-cache/several-profiles',
    selected({ engine: 'tensorrt_llm', gpus: [{ product: 'a10g' }] }),
    "spec.source.ngc.model.precision is not given, allowed is precision and tensorParallelism beside engine tensorrt_llm, as every variant is downloaded and the server picks one at its start; write precision: 'fp8' and tensorParallelism: '1', say, or profiles: ['<id>']",
    { what: 'with nothing else' },
  ),
  cache(
    'nim-cache/every-profile',
    selected({ profiles: [] }),
    `spec.source.ngc.model is {"profiles":[]}, allowed is a selection, as the operator downloads every profile without one (an image of protocol native-v1 ignores it); write profiles: ['<id>'], or engine, precision and tensorParallelism`,
    { passing: selected({ precision: 'fp8' }) },
  ),
  cache(
    'nim-cache/discovered-gpus',
    selected({ ...COMPLETE, gpus: [] }),
    "spec.source.ngc.model.gpus is [], allowed is the GPU of the profile, as the GPUs of the nodes of the moment select otherwise, and there may be none; write gpus: [{ product: 'a10g' }], or profiles: ['<id>']",
    { passing: selected(COMPLETE) },
  ),
  cache(
    'nim-cache/gpus-of-vllm',
    selected({ ...COMPLETE, engine: 'vllm' }),
    'spec.source.ngc.model.gpus is [{"product":"a10g"}], allowed is none with engine vllm, whose profiles carry no GPU tag; leave gpus out',
    {
      passing: selected({ ...COMPLETE, engine: 'vllm', gpus: undefined }),
    },
  ),
  cache(
    'nim-cache/gpu-id',
    selected({ ...COMPLETE, gpus: [{ product: 'l40s', ids: ['26b9:10de'] }] }),
    `spec.source.ngc.model.gpus[0].ids[0] is "26b9:10de", allowed is a PCI device id without its vendor; write '26b9'`,
    {
      passing: selected({ ...COMPLETE, gpus: [{ product: 'l40s', ids: ['26b9'] }] }),
    },
  ),
  cache(
    'nim-cache/gpu-ids-alone',
    selected({ ...COMPLETE, gpus: [{ ids: ['26b9'] }] }),
    "spec.source.ngc.model.gpus[0].product is not given, allowed is a product beside ids, which NIM 1.x ignores alone; write product: 'l40s'",
  ),
  cache(
    'nim-cache/false-selector',
    selected({ ...COMPLETE, buildable: false }),
    'spec.source.ngc.model.buildable is false, allowed is true, or nothing: false drops every profile without the tag; leave it out',
    {
      passing: selected({ ...COMPLETE, buildable: true }),
    },
  ),
  cache(
    'nim-cache/precision-in-capitals',
    selected({ ...COMPLETE, precision: 'FP16' }),
    `spec.source.ngc.model.precision is "FP16", allowed is lower case, as NIM 1.x writes it; write precision: 'fp16'`,
  ),
];
