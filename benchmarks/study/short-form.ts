/**
 * The short form, for a CI: a block of each kind, with few samples. It finds a broken instrument, which the checks
 * tell; its figures are too few to be compared.
 */
export const shortForm = {
  scale: 0.05,
  blocks: [
    'latency network=relay rtt=0 protocol=TLSv1.2 peer=answers after 100 kB',
    'latency network=relay rtt=10 protocol=TLSv1.3 peer=answers',
    'latency network=relay rtt=50 protocol=TLSv1.3 peer=silent',
    'latency network=packets rtt=10 protocol=TLSv1.3 peer=answers',
    'load load=burst connections=100 rtt=0 budget=250 silent=10',
    'load load=stream perSecond=100 rtt=20 budget=250 silent=10',
    'loss situation=upload cut network=loopback rtt=0 protocol=TLSv1.3',
    'loss situation=server closes at once network=loopback rtt=0 protocol=TLSv1.2',
    'loss situation=peer pauses network=loopback rtt=0 protocol=TLSv1.3',
    'truncation client=https.get protocol=TLSv1.3',
    'truncation client=http2 protocol=TLSv1.2',
    'truncation client=https over TlsStream protocol=TLSv1.3',
    'truncation client=curl protocol=TLSv1.3',
    'truncation client=urllib protocol=TLSv1.2',
    'builds protocol=TLSv1.3',
    'overhead topic=tls connections',
    'overhead topic=closureOf live=100',
    'overhead topic=calls',
  ],
} as const
