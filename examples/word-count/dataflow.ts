// Counts the words of sentences: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, keyed, state, t, topic } from 'millrace/dataflow'

const wordCount = t.object('word-count', { word: t.string, count: t.u32 })

const sentences = topic('sentences', t.string)
const counts = topic('counts', { key: t.string, value: wordCount })

const count = from(sentences)
  .states({ countPerWord: state(t.string, t.u32) })
  .typed(t.string)
  .flatMap(function splitWords(sentence) {
    return sentence.toLowerCase().match(/\w+/g) ?? []
  })
  .keyBy(function byWord(word) {
    return word
  })
  .typed(t.keyValue(t.string, wordCount))
  .updateState(function countUp(word, ctx) {
    const count = ctx.state.countPerWord.update(n => n + 1)
    return keyed(word, { word, count })
  })
  .to(counts)

export const flow: Dataflow = dataflow('word-count', {
  namespace: 'examples',
  version: '0.1.0'
}).service('count', count)
