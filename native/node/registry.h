// The live SSL objects of Node's own TLS sockets, by thread, and how to find one of them.
//
// OpenSSL calls us at every SSL_new and SSL_free of the process (ex_data), so that a record lives exactly as long as
// its SSL. A socket is matched by its Finished message: what socket.getFinished() gives is what SSL_get_finished()
// gives for its SSL, and nobody else's.
//
// Finding is amortised O(1). A record starts as `fresh`, untouched. It is met when a handshake begins in its thread, or
// by a search, which meets fresh records, the newest first, until it has what it looks for. To meet one chains our info
// callback before Node's, and then either indexes the record by its Finished message or, when its handshake is
// unfinished, leaves that to the callback. So every record is scanned once at most, however many handshakes are
// unfinished, and a renegotiation, which changes the Finished message, is followed.
// Only a socket that is not in the index, made before this module was loaded, costs one pass over all records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "native/node/handshake_output.h"
#include "native/node/observation.h"

namespace close_notify::node {

struct Counts {
  uint64_t made;         // SSLs that this thread has made so far
  size_t live;           // records of this thread
  size_t indexed;        // of those, the ones that can be found at once
  size_t bytes_per_ssl;  // own memory of one tracked SSL that nobody controls, by sizeof
};

class Registry {
 public:
  // Registers with OpenSSL, once per process: the first call decides.
  static const std::variant<Registry, openssl::Unavailable>& of_process(const std::string& openssl_version);

  const openssl::NodeFunctions& openssl() const { return openssl_; }

  // The SSL of this thread with that Finished message; null when there is none. The same object every time.
  std::shared_ptr<Observation> find(const uint8_t* finished, size_t length) const;

  // A handshake that is not done has no Finished message of ours yet. It is found by when its SSL was made, or by what
  // OpenSSL is in the middle of.

  // The SSL of this thread that was made last; null when it is gone, or is not one of Node's sockets.
  std::shared_ptr<Observation> newest() const;

  // The SSL whose info callback of Node's is on the stack; null outside of one, and for an SSL that was made after the
  // last newest() or meet().
  std::shared_ptr<Observation> running() const;

  // Looks at the SSLs that no search has met yet, so that running() knows them.
  void meet() const;

  // What is known of the output of its handshakes.
  HandshakeOutput::Range handshake_output(const openssl::Ssl* ssl) const;

  Counts counts() const;

 private:
  explicit Registry(const openssl::NodeFunctions& functions) : openssl_(functions) {}
  static std::variant<Registry, openssl::Unavailable> start(const std::string& openssl_version);

  const openssl::NodeFunctions& openssl_;
};

}  // namespace close_notify::node
