// Module files: text → checked plan + diagnostics.
export { combineModules, findEndpoint, mapAddresses, type CombineResult } from './combine.ts'
export {
  compileModule,
  type CompileModuleOptions,
  type CompileModuleResult
} from './compile-module.ts'
export { httpConflicts } from './http-conflicts.ts'
export { patternText } from './components.ts'
export * from './plan.ts'
export { renderModuleReference } from './reference.ts'
export { endpointUrl, shownUrl } from './read-url.ts'
