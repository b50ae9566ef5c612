/**
 * A key and a self-signed certificate for `localhost`, for two SSL objects in one process. They protect nothing, and
 * nothing trusts them. Made, for 100 years, with
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost \
 *       -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const labKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwNDuOTyscOsIcuFn
EI7Y5z3bdttukx8n8geE+wADxFKhRANCAAQPmcpwJAJYR+wCviSycn46b2LSo8aw
4DjJ9YFXmrSpwLifgPAy9Mo9eYvZj2WS0KcPBMH1EUXltfJY9kicFF/3
-----END PRIVATE KEY-----
`

export const labCertificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUOkvn3aWaY6tFSaswPzCVyM+0DW0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE3MDMxOFoYDzIxMjYxMDI4
MTcwMzE4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQPmcpwJAJYR+wCviSycn46b2LSo8aw4DjJ9YFXmrSpwLifgPAy9Mo9
eYvZj2WS0KcPBMH1EUXltfJY9kicFF/3o28wbTAdBgNVHQ4EFgQUYm0FVCxlgLAI
K+M1PTTug5nDxmAwHwYDVR0jBBgwFoAUYm0FVCxlgLAIK+M1PTTug5nDxmAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAL60GwfGNpR2CQnAoY+T3qLDbCTMud0Cir9hg0GuFASTAiBL
B/RFYKhFc2khbeK7GjvgUVSE47un66KtaviUMaAA+w==
-----END CERTIFICATE-----
`
