/**
 * A key and its self-signed certificate for `localhost`, for benchmarks on 127.0.0.1 and nothing else: the key is
 * public, so that it protects nothing. Made by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 36500`.
 */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/qCAATvJARJ+cQHg
1BSHMgLJnfrKZD2FY8Qf2kHIEKehRANCAARcoXzI4tOwTVtyNCD372sRGhdhX0MR
rY9uXxbMMu7o1LSWTf2DeG8KeTtrroZMpR/YHCKouQ8eeUONOjckz6/B
-----END PRIVATE KEY-----
`

export const certificate = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUcwJhKCWvIeJY9uFdRE2tUNHIklEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEwMzAxMloYDzIxMjYxMDI4
MTAzMDEyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARcoXzI4tOwTVtyNCD372sRGhdhX0MRrY9uXxbMMu7o1LSWTf2DeG8K
eTtrroZMpR/YHCKouQ8eeUONOjckz6/Bo28wbTAdBgNVHQ4EFgQUjMF1hFJWRedS
oiKGKWa8kS69VUYwHwYDVR0jBBgwFoAUjMF1hFJWRedSoiKGKWa8kS69VUYwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgUWmHztoj+HllrSgLAMXfQzU0MN2guimJ6cUHhLYuc1cCIFR4
4oQqunDZPaEZHNbdiVYWZFSm9UB4A4kpcwMEOhOD
-----END CERTIFICATE-----
`
