// `npm start`: brings Node 24 and the packages where they are missing, then runs the server. Arguments are passed on.
process.argv.splice(2, 0, '--enable-source-maps', 'src/main.ts')
await import('./with-node.mjs')
