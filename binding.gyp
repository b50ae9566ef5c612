{
  "targets": [
    {
      "target_name": "close_notify",
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all"],
      "sources": [
        "native/binding/addon.cc",
        "native/binding/context_handle.cc",
        "native/binding/engine.cc",
        "native/binding/engine_session.cc",
        "native/binding/engine_ssl.cc",
        "native/binding/engine_ssl_calls.cc",
        "native/binding/engine_ssl_context.cc",
        "native/binding/node_ssl.cc",
        "native/engine/event_log.cc",
        "native/engine/session.cc",
        "native/engine/ssl.cc",
        "native/engine/ssl_certificates.cc",
        "native/engine/ssl_context.cc",
        "native/engine/transport.cc",
        "native/node/context_capture.cc",
        "native/node/handshake_output.cc",
        "native/node/observation.cc",
        "native/node/registry.cc",
        "native/openssl/engine_functions.cc",
        "native/openssl/error_queue.cc",
        "native/openssl/library.cc",
        "native/openssl/node_functions.cc",
        "native/platform/compat.cc",
        "native/platform/dynamic.cc",
        "native/platform/tcp.cc"
      ],
      "include_dirs": ["."],
      "defines": ["NAPI_VERSION=8", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc": [
        "-std=c++20", "-fvisibility=hidden", "-fvisibility-inlines-hidden",
        "-Wall", "-Wextra", "-Wpedantic", "-Wno-unused-parameter", "-fstack-protector-strong"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "ldflags": ["-Wl,-z,relro,-z,now", "-Wl,--exclude-libs,ALL"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++20", "/guard:cf", "/sdl"] } }
    }
  ]
}
