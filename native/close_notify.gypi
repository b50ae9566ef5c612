{
  "targets": [
    {
      "target_name": "close_notify",
      "sources": [
        "binding/addon.cc",
        "binding/context_handle.cc",
        "binding/engine.cc",
        "binding/engine_session.cc",
        "binding/engine_ssl.cc",
        "binding/engine_ssl_calls.cc",
        "binding/engine_ssl_context.cc",
        "binding/node_ssl.cc",
        "engine/event_log.cc",
        "engine/session.cc",
        "engine/ssl.cc",
        "engine/ssl_certificates.cc",
        "engine/ssl_context.cc",
        "engine/transport.cc",
        "node/context_capture.cc",
        "node/handshake_output.cc",
        "node/observation.cc",
        "node/registry.cc",
        "openssl/engine_functions.cc",
        "openssl/error_queue.cc",
        "openssl/library.cc",
        "openssl/node_functions.cc",
        "platform/compat.cc",
        "platform/dynamic.cc",
        "platform/tcp.cc"
      ],
      "include_dirs": ["..", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc": [
        "-std=c++20", "-fvisibility=hidden", "-fvisibility-inlines-hidden",
        "-Wall", "-Wextra", "-Wpedantic", "-Wno-unused-parameter", "-fstack-protector-strong"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti", "-fno-exceptions"],
      "ldflags": ["-Wl,-z,relro,-z,now", "-Wl,--exclude-libs,ALL"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "conditions": [["OS=='win'", { "defines": ["_HAS_EXCEPTIONS=1"] }]],
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++20", "/guard:cf", "/sdl"], "ExceptionHandling": 1 }
      }
    }
  ]
}
