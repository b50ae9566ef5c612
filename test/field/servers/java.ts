/** Tomcat on Java's own TLS. Its runtime is large, so that it is last. */
import { once } from 'node:events'
import { cp, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { connect } from 'node:tls'
import { laidOver } from '../overlay.js'
import { writeInto } from '../place.js'
import { startProcess } from '../process.js'
import { freePort } from '../../support/free-port.js'
import { programOf, versionOf } from '../programs.js'
import type { FieldServer } from '../server.js'
import { http1 } from './http.js'

export const tomcat: FieldServer = {
  ...{ name: 'tomcat', title: 'Tomcat (Java)', peer: 'tomcat', isLaidOver: true, speech: http1 },
  async start(place) {
    const { folder, documents, certFile, keyFile } = place
    const port = await freePort()
    for (const name of ['conf', 'logs', 'temp', 'work', 'webapps']) await mkdir(path.join(folder, name))
    await cp(documents, path.join(folder, 'webapps/ROOT'), { recursive: true })
    await writeInto(place, 'conf/server.xml', [
      ...['<Server port="-1">', '<Service name="Catalina">'],
      `<Connector address="127.0.0.1" port="${port}" protocol="org.apache.coyote.http11.Http11NioProtocol" SSLEnabled="true" scheme="https" secure="true">`,
      '<SSLHostConfig sslImplementationName="org.apache.tomcat.util.net.jsse.JSSEImplementation" protocols="TLSv1.2+TLSv1.3">',
      `<Certificate type="EC" certificateFile="${certFile}" certificateKeyFile="${keyFile}"/>`,
      ...['</SSLHostConfig>', '</Connector>', '<Engine name="Catalina" defaultHost="localhost">'],
      ...['<Host name="localhost" appBase="webapps"/>', '</Engine>', '</Service>', '</Server>'],
    ])
    await writeInto(place, 'conf/web.xml', [
      '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0" metadata-complete="true">',
      '<servlet><servlet-name>default</servlet-name>',
      '<servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>',
      '<servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>',
      '</web-app>',
    ])
    const java = programOf('tomcat', 'java')
    const { program, args } = laidOver(java, ['usr', 'etc'])
    const jars = ['usr/share/java/*', 'usr/share/tomcat10/bin/bootstrap.jar'].map((jar) => path.join(java.root, jar))
    const { stop } = await startProcess({
      program,
      args: args([
        ...['-Xmx128m', `-Djava.io.tmpdir=${folder}/temp`, `-Dcatalina.home=${folder}`, `-Dcatalina.base=${folder}`],
        ...['-cp', jars.join(':'), 'org.apache.catalina.startup.Bootstrap', 'start'],
      ]),
      ...{ cwd: folder, ready: [/Server startup in/] },
    })
    try {
      await warmUp(port)
    } catch (error) {
      await stop()
      throw error
    }
    const library = `Java ${versionOf('tomcat', 'openjdk-17-jre-headless').replace(/[+~-].*$/, '')} JSSE`
    return { port, stop, version: versionOf('tomcat', 'libtomcat10-java'), library }
  },
}

/** The first handshake loads most of what Java has of TLS, for seconds on a busy machine. */
async function warmUp(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(30_000) })
  } finally {
    socket.destroy()
  }
}
