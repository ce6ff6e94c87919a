// What HTTP takes from elsewhere: loaded by the first listener, and in the published form one file instead of 30.
export { getRequestListener } from '@hono/node-server'
export { Hono } from 'hono'
