// The public face of client, `millrace/client`: what users import to produce, consume and administrate.
export * from './profiles/index.ts'
