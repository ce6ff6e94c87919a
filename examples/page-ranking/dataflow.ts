// The most viewed pages of each 10 seconds, by SQL over states: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, state, t, topic, tumbling } from 'millrace/dataflow'

const page = t.object('page', { path: t.string, title: t.string, section: t.string })
const view = t.object('view', { path: t.string, visitor: t.string, at: t.timestamp })
const ranked = t.object('ranked', { title: t.string, views: t.u32 })
const ranking = t.object('ranking', { from: t.timestamp, pages: t.list(ranked) })

const knownPages = state(t.string, t.row({ title: t.string, section: t.string }))

const catalogue = from(topic('pages', page))
  .states({ knownPages })
  .keyBy(function byPath(page) {
    return page.path
  })
  .updateState(function describe(page, ctx) {
    ctx.state.knownPages.set({ title: page.title, section: page.section })
  })

const mostViewed = from(topic('views', view))
  .states({
    viewsPerPage: state(t.string, t.u32),
    knownPages: knownPages.from('catalogue.known-pages'),
    totalViews: state(t.string, t.u64, { windowed: false })
  })
  .window(tumbling('10s'), {
    timestamp: function whenViewed(view) {
      return view.at
    }
  })
  .keyBy(function byPage(view) {
    return view.path
  })
  .updateState(function count(view, ctx) {
    ctx.state.viewsPerPage.update(views => views + 1)
    ctx.state.totalViews.update(views => views + 1)
  })
  .typed(ranking)
  .flush(function rank(ctx) {
    const pages = ctx.sql<{ title: string; views: number }>(
      `select coalesce(p.title, v._key) as title, v.value as views
      from views_per_page v left join known_pages p using (_key)
      order by views desc, title limit ?`,
      2
    )
    return { from: ctx.window.start, pages }
  })
  .to(topic('rankings', ranking))

export const flow: Dataflow = dataflow('page-ranking', {
  namespace: 'examples',
  version: '0.1.0'
})
  .service('catalogue', catalogue)
  .service('ranking', mostViewed)
