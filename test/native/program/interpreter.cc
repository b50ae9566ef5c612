#include "test/native/program/interpreter.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "native/engine/ssl.h"
#include "test/native/program/choices.h"
#include "test/native/program/constants.h"
#include "test/native/program/credentials.h"
#include "test/native/program/model.h"

namespace close_notify::test {
namespace {

namespace function = openssl::function;

using engine::Session;
using engine::Ssl;

constexpr size_t kMaxCalls = 200, kMaxLives = 6, kMaxPoliteKeyUpdates = 8;
constexpr std::array<size_t, 8> kReadSizes{1, 0, 5, 100, 16384, 20000, 33, 16383};
constexpr std::array<size_t, 8> kWriteSizes{1, 13, 0, 200, 3000, 16384, 16385, 40000};
constexpr std::array<size_t, 8> kPieces{SIZE_MAX, 1, 2, 5, 6, 30, 200, 1000};
constexpr std::array<size_t, 8> kLimits{SIZE_MAX, 0, 1, 4, 10, 100, 1000, 20000};

enum class Call : uint8_t {
  kDoHandshake,
  kRead,
  kPeek,
  kWrite,
  kShutdown,
  kSetShutdown,
  kSetQuiet,
  kKeyUpdate,
  kRenegotiate,
  kVerifyPostHandshake,
  kPump,
  kDeliver,
  kDeliverChanged,
  kDrop,
  kDuplicate,
  kFeedRaw,
  kFeedRecord,
  kEnd,
  kRecreate,
  kGetSession,
  kSetSession,
  kParseSession,
  kLimit,
  kShutdownAndTransmit,
  kShutdownEx,
  kExport,
  kAsk,
  kSettle,
  kWriteShorter,
  kSetNames,
  kCount,
};

// After any number of these, all that was written can be read, and closing works.
constexpr std::array kPoliteCalls{Call::kDoHandshake, Call::kRead,       Call::kPeek,  Call::kWrite,  Call::kKeyUpdate,
                                  Call::kPump,        Call::kDeliver,    Call::kLimit, Call::kSettle, Call::kAsk,
                                  Call::kExport,      Call::kGetSession, Call::kPump,  Call::kWrite};

// For a person who wants to know what a program does: CLOSE_NOTIFY_TRACE=1.
bool tracing() {
  static const bool wanted = std::getenv("CLOSE_NOTIFY_TRACE") != nullptr;
  return wanted;
}

class Machine {
 public:
  Machine(const openssl::Library& library, std::span<const uint8_t> program)
      : library_(library), input_(program), choices_(input_) {
    polite_ = (choices_.first & 3) != 3;
    contexts_ = contexts_for(library, choices_);
    if (on_start != nullptr) on_start();
    for (int side : {0, 1}) create(side);
  }

  void run() {
    if (choices_.starts_connected()) settle(4);
    for (size_t calls = 0; !input_.done() && calls < kMaxCalls; calls++) step();
    if (polite_) finish_politely();
  }

 private:
  struct Side {
    std::unique_ptr<Ssl> ssl;
    Reader reader;
    Framing framing;
    Buffer wire;            // taken from this side, not yet given to the other
    Buffer last_delivered;  // to this side
    size_t unfinished = 0;  // length of the write that OpenSSL wants repeated
    int flags = 0;
    bool handshaking = true;
    bool renegotiates = false;
  };

  static size_t at(int side) { return static_cast<size_t>(side); }
  static int other(int side) { return 1 - side; }
  Side& of(int side) { return sides_[at(side)]; }
  Ssl& ssl(int side) { return *of(side).ssl; }
  int life(int side) const { return static_cast<int>(written_[at(side)].size()) - 1; }
  Written& written(int side) { return written_[at(side)].back(); }

  void create(int side) {
    Side fresh;
    fresh.wire = std::move(of(side).wire);
    fresh.ssl = Ssl::create(contexts_[at(side)]);
    INVARIANT(fresh.ssl != nullptr, side);
    fresh.flags = fresh.ssl->get_shutdown();
    if (choices_.traces()) fresh.ssl->events().record_messages();
    of(side) = std::move(fresh);
    written_[at(side)].emplace_back();
  }

  void step() {
    const uint8_t byte = input_.next();
    const int side = byte >> 7;
    const auto call = choices_.only_polite() ? kPoliteCalls[(byte & 0x7f) % kPoliteCalls.size()]
                                             : static_cast<Call>((byte & 0x7f) % static_cast<int>(Call::kCount));
    call_ = call;
    cause_ = {};
    switch (call) {
      case Call::kDoHandshake: return expect_polite(side, ssl(side).do_handshake());
      case Call::kRead: return read(side, input_.choose(kReadSizes));
      case Call::kPeek: return peek(side, input_.choose(kReadSizes));
      case Call::kWrite: return write(side, std::max(input_.choose(kWriteSizes), of(side).unfinished));
      case Call::kWriteShorter: return impolite([&] { write(side, input_.choose(kWriteSizes)); });
      case Call::kShutdown: return impolite([&] { shut_down(side, ssl(side).shutdown()); });
      case Call::kShutdownEx:
        return impolite([&] {
          if (const auto result = ssl(side).shutdown_ex(input_.next() & 3)) shut_down(side, *result);
        });
      case Call::kShutdownAndTransmit: return impolite([&] { shut_down_and_transmit(side); });
      case Call::kSetShutdown: return impolite([&] { set_shutdown(side, input_.next() & 3); });
      case Call::kSetQuiet:
        return impolite([&] {
          const bool quiet = (input_.next() & 1) != 0;
          ssl(side).set_quiet_shutdown(quiet);
          INVARIANT(ssl(side).quiet_shutdown() == quiet, quiet);
        });
      case Call::kKeyUpdate: return key_update(side, input_.next() % 3);
      case Call::kRenegotiate: return impolite([&] { renegotiate(side); });
      case Call::kVerifyPostHandshake:
        return impolite([&] { done(side, ssl(side).move<function::SSL_verify_client_post_handshake>()); });
      case Call::kPump: return pump(side);
      case Call::kDeliver: return deliver(side, input_.choose(kPieces));
      case Call::kDeliverChanged: return impolite([&] { deliver_changed(side); });
      case Call::kDrop: return impolite([&] { static_cast<void>(from_wire(side, input_.choose(kPieces))); });
      case Call::kDuplicate: return impolite([&] { feed(side, Buffer(of(side).last_delivered)); });
      case Call::kFeedRaw: return impolite([&] { feed(side, input_.take(input_.next() % 64)); });
      case Call::kFeedRecord: return impolite([&] { feed_record(side); });
      case Call::kEnd: return impolite([&] { ssl(side).transport().end(); });
      case Call::kRecreate:
        return impolite([&] {
          if (written_[at(side)].size() < kMaxLives) create(side);
        });
      case Call::kGetSession: session_ = ssl(side).get_session(); return;
      case Call::kSetSession: return impolite([&] { set_session(side); });
      case Call::kParseSession: return parse_session();
      case Call::kLimit: return ssl(side).transport().set_output_limit(input_.choose(kLimits));
      case Call::kExport: return export_keys(side);
      case Call::kAsk: return ask(side);
      case Call::kSettle: return settle(input_.next() % 4 + 1);
      case Call::kSetNames: return impolite([&] { set_names(side); });
      case Call::kCount: return;
    }
  }

  // --- Calls ---

  // After it nothing is sure that depends on both sides and the wire doing their work. Most calls are of this kind:
  // programs that leave them out are a kind of their own, or few would end politely.
  template <typename Body>
  void impolite(Body body) {
    if (choices_.only_polite()) return;  // a key update at a wrong time
    polite_ = false;
    body();
  }

  void done(int side, std::optional<int> result) {
    if (!result.has_value()) return;
    Side& it = of(side);
    check_result(*it.ssl, *result);
    const auto& transport = it.ssl->transport();
    // The WANT_READ of an earlier call may come with a 0, which is SSL_peek's where the flag of the peer's close_notify
    // is set, and with anything once an SSL is broken.
    if (it.ssl->error() == kWantRead && *result < 0 &&
        std::string(it.ssl->ask<function::SSL_state_string_long>().value()) != "error") {
      INVARIANT(transport.input_pending() == 0, transport.input_pending());
      INVARIANT(!transport.at_end(), *result);
    }
    const auto events = it.ssl->events().take();
    cause_.quiet = cause_.quiet || it.ssl->quiet_shutdown();
    cause_.eof_is_close = eof_is_close(side);
    const bool was_handshaking = std::exchange(it.handshaking, it.ssl->in_init());
    cause_.handshaking = was_handshaking || it.handshaking || it.renegotiates;
    const int flags = it.ssl->get_shutdown();
    if (tracing()) {
      std::fprintf(stderr, "call %d of %s: %d, error %d, flags %d -> %d, in %zu, out %zu, %s\n",
                   static_cast<int>(call_), side == 0 ? "client" : "server", *result, it.ssl->error(), it.flags, flags,
                   transport.input_pending(), transport.output_pending(),
                   it.ssl->ask<function::SSL_state_string_long>().value());
      for (const auto& entry : it.ssl->queue()) std::fprintf(stderr, "  %s\n", entry.reason.c_str());
    }
    check_flags(std::exchange(it.flags, flags), flags, cause_, events);
    cause_ = {};
    if (on_state != nullptr) on_state(state_of(side, *result));
  }

  bool eof_is_close(int side) { return choices_.ignores_eof() && ssl(side).transport().at_end(); }

  void expect_polite(int side, int result) {
    done(side, result);
    const int error = ssl(side).error();
    if (!polite_ || error == kNone || error == kWantRead || error == kWantWrite) return;
    INVARIANT(!"an error though nobody did anything wrong", error);
  }

  void read(int side, size_t size) {
    Buffer target(size);
    const int result = ssl(side).read(target);
    INVARIANT(result <= static_cast<int>(size), result);
    if (result > 0)
      of(side).reader.check({target.data(), static_cast<size_t>(result)}, other(side), written_[at(other(side))]);
    size == 0 ? done(side, result) : expect_polite(side, result);
  }

  void peek(int side, size_t size) {
    Buffer target(size);
    const int result = ssl(side).peek(target);
    INVARIANT(result <= static_cast<int>(size), result);
    if (result > 0) {
      Reader ahead = of(side).reader;
      ahead.check({target.data(), static_cast<size_t>(result)}, other(side), written_[at(other(side))]);
    }
    size == 0 ? done(side, result) : expect_polite(side, result);
  }

  void write(int side, size_t size) {
    Written& sum = written(side);
    Buffer plaintext(size);
    for (size_t i = 0; i < size; i++) plaintext[i] = plaintext_at(side, life(side), sum.done + i);
    sum.tried = std::max(sum.tried, sum.done + size);
    const int result = ssl(side).write(plaintext);
    INVARIANT(result <= static_cast<int>(size), result);
    if (result > 0) {
      INVARIANT(result == static_cast<int>(size), result);  // no partial writes
      sum.done += static_cast<size_t>(result);
      of(side).unfinished = 0;
    } else if (ssl(side).error() == kWantRead || ssl(side).error() == kWantWrite) {
      of(side).unfinished = std::max(of(side).unfinished, size);
    }
    size == 0 ? done(side, result) : expect_polite(side, result);
  }

  // The handshake begins with the next call that may write; a server's, which is only a request, ends in it too.
  void renegotiate(int side) {
    const auto result = ssl(side).move<function::SSL_renegotiate>();
    done(side, result);
    if (result == 1) of(side).renegotiates = true;
  }

  void shut_down(int side, int result) {
    cause_.called_shutdown = true;
    const bool quiet = ssl(side).quiet_shutdown() && !ssl(side).in_init();
    const int flags = ssl(side).get_shutdown();
    if (result == 1) INVARIANT(flags == (kSent | kReceived), flags);
    if (result == 0) INVARIANT((flags & kSent) != 0 || eof_is_close(side), flags);
    if (quiet) INVARIANT(result == 1, result);
    done(side, result);
  }

  void shut_down_and_transmit(int side) {
    Buffer slab(input_.choose(kPieces) % 2000);
    const size_t waited = ssl(side).transport().output_pending();
    const auto closed = ssl(side).shutdown_and_transmit(slab);
    INVARIANT(closed.plaintext == 0 && closed.output <= slab.size(), closed.output);
    INVARIANT(closed.output >= std::min(waited, slab.size()), closed.output);
    to_wire(side, {slab.data(), closed.output});
    shut_down(side, closed.result);
  }

  void set_shutdown(int side, int mask) {
    if (ssl(side).set_shutdown(mask)) {
      INVARIANT(ssl(side).get_shutdown() == mask, mask);
    } else {
      INVARIANT(library_.is_boringssl_family(), mask);
    }
    of(side).flags = ssl(side).get_shutdown();
  }

  // One that asks for an answer is not polite: OpenSSL 3.0 breaks off with "bad write retry" when it reads that while a
  // write is unfinished.
  void key_update(int side, int type) {
    const bool is_polite = !ssl(side).in_init() && ssl(side).version() == kTls13 && of(side).unfinished == 0 &&
                           type == kUpdateNotRequested && key_updates_++ < kMaxPoliteKeyUpdates;
    const auto update = [&] {
      if (const auto result = ssl(side).key_update(type)) expect_polite(side, *result);
    };
    is_polite ? update() : impolite(update);
  }

  // Bytes of the wire straight into SSL_read, and what comes of it straight out again.
  void pump(int side) {
    const Buffer bytes = ssl(side).transport().ended() ? Buffer() : from_wire(other(side), input_.choose(kPieces));
    Buffer plaintext(input_.choose(kReadSizes) * 2);
    Buffer slab(input_.choose(kPieces) % 5000);
    const size_t waited = ssl(side).transport().output_pending();
    const size_t fed = ssl(side).transport().input_pending() + bytes.size();
    const auto pumped = ssl(side).pump(bytes, plaintext, slab);
    if (!bytes.empty()) of(side).last_delivered = bytes;
    INVARIANT(pumped.plaintext <= plaintext.size() && pumped.output <= slab.size(), pumped.output);
    INVARIANT(pumped.output >= std::min(waited, slab.size()), pumped.output);
    INVARIANT(ssl(side).transport().input_pending() <= fed, fed);
    of(side).reader.check({plaintext.data(), pumped.plaintext}, other(side), written_[at(other(side))]);
    to_wire(side, {slab.data(), pumped.output});
    plaintext.empty() ? done(side, pumped.result) : expect_polite(side, pumped.result);
  }

  void set_session(int side) {
    if (session_ == nullptr || side == 1) return;
    if ((input_.next() & 1) != 0) {
      const auto again = Session::parse(library_, session_->to_bytes());
      if (again == nullptr) static_cast<void>(openssl::drain_error_queue(library_.functions()));
      if (again != nullptr) session_ = again;
    }
    static_cast<void>(session_->is_resumable());
    done(side, ssl(side).set_session(*session_));
  }

  void parse_session() {
    Buffer bytes = session_ == nullptr ? Buffer() : session_->to_bytes();
    const auto changes = input_.take(input_.next() % 16);
    if (bytes.empty()) bytes.assign(changes.begin(), changes.end());
    for (size_t i = 0; i + 1 < changes.size(); i += 2) bytes[changes[i] % bytes.size()] ^= changes[i + 1];
    const auto parsed = Session::parse(library_, bytes);
    if (parsed != nullptr) static_cast<void>(parsed->to_bytes());
    static_cast<void>(openssl::drain_error_queue(library_.functions()));
  }

  void export_keys(int side) {
    const size_t length = input_.next();
    const Buffer context(input_.next() % 4);
    const auto keys = ssl(side).export_keying_material(
        length, "EXPORTER-program", context.empty() ? std::nullopt : std::optional<std::span<const uint8_t>>(context));
    INVARIANT(!keys.has_value() || keys->empty() || keys->size() == length, side);
    const auto& f = library_.functions();
    INVARIANT(f.ERR_peek_last_error() == 0, side);
  }

  void set_names(int side) {
    const std::string name(input_.next() % 20, 'a');
    done(side, ssl(side).set_servername(name));
    done(side, ssl(side).set_verify_host(name));
    ssl(side).set_verify(input_.next() & 3);
  }

  void ask(int side) {
    Ssl& it = ssl(side);
    INVARIANT(it.pending() >= 0 && it.pending() <= 16384, it.pending());
    if (it.pending() > 0) INVARIANT(it.ask<function::SSL_has_pending>().value_or(1) != 0, it.pending());
    INVARIANT(it.ask<function::SSL_get_version>().value() != nullptr &&
                  it.ask<function::SSL_state_string_long>().value() != nullptr,
              side);
    INVARIANT(it.verify_result_text() != nullptr, it.verify_result());
    static_cast<void>(it.cipher_name());
    static_cast<void>(it.servername());
    static_cast<void>(it.session_reused());
    static_cast<void>(it.peer_certificate());
    const auto protocol = it.alpn_selected();
    if (protocol.has_value()) INVARIANT(protocol == "h2", protocol->size());
    const std::string record = it.ask<function::SSL_rstate_string>().value_or("RH");
    INVARIANT(record == "RH" || record == "RB" || record == "RD", record.size());
    INVARIANT(library_.functions().ERR_peek_last_error() == 0, side);
  }

  // --- The wire ---

  void to_wire(int side, std::span<const uint8_t> bytes) {
    of(side).framing.check(bytes);
    of(side).wire.insert(of(side).wire.end(), bytes.begin(), bytes.end());
  }

  Buffer from_wire(int side, size_t at_most) {
    auto& transport = ssl(side).transport();
    Buffer& wire = of(side).wire;
    const size_t waiting = transport.output_pending();
    Buffer taken(std::min(waiting, at_most - std::min(at_most, wire.size())));
    INVARIANT(transport.take(taken) == taken.size(), taken.size());
    INVARIANT(transport.output_pending() == waiting - taken.size(), taken.size());
    to_wire(side, taken);
    const auto end = wire.begin() + static_cast<ptrdiff_t>(std::min(at_most, wire.size()));
    Buffer piece(wire.begin(), end);
    wire.erase(wire.begin(), end);
    return piece;
  }

  void feed(int side, std::span<const uint8_t> bytes) {
    auto& transport = ssl(side).transport();
    if (transport.ended()) return;
    const size_t before = transport.input_pending();
    transport.feed(bytes);
    INVARIANT(transport.input_pending() == before + bytes.size(), bytes.size());
  }

  void deliver(int from, size_t at_most) {
    Buffer piece = from_wire(from, at_most);
    feed(other(from), piece);
    of(other(from)).last_delivered = std::move(piece);
  }

  void deliver_changed(int from) {
    Buffer piece = from_wire(from, input_.choose(kPieces));
    const size_t place = input_.next();
    const uint8_t change = input_.next();
    if (!piece.empty()) piece[place % piece.size()] ^= change;
    feed(other(from), piece);
  }

  // A header that fits its body: OpenSSL looks further into it than into noise.
  void feed_record(int side) {
    constexpr std::array<uint8_t, 6> kTypes{20, 21, 22, 23, 24, 99};
    const uint8_t type = kTypes[input_.next() % kTypes.size()];
    const uint8_t minor = input_.next() % 5;
    const auto body = input_.take(input_.next() % 64);
    Buffer record{type, 3, minor, 0, static_cast<uint8_t>(body.size())};
    record.insert(record.end(), body.begin(), body.end());
    feed(side, record);
  }

  // --- Several calls at once ---

  void settle(int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (int side : {0, 1}) {
        if (ssl(side).in_init()) expect_polite(side, ssl(side).do_handshake());
        if (of(side).unfinished > 0) write(side, of(side).unfinished);
        for (int reads = 0; reads < 8; reads++) {
          read(side, 20000);
          if (ssl(side).error() != kNone) break;
        }
        deliver(side, SIZE_MAX);
      }
    }
  }

  // Nobody did anything wrong: all that was written arrives, and closing works.
  void finish_politely() {
    for (int side : {0, 1}) ssl(side).transport().set_output_limit(SIZE_MAX);
    settle(6);
    for (int round = 0; round < 400 && !all_is_read(); round++) settle(2);
    INVARIANT(all_is_read(), of(0).reader.offset());
    for (int side : {0, 1}) {
      INVARIANT(!ssl(side).in_init(), side);
      INVARIANT(ssl(side).get_shutdown() == 0, ssl(side).get_shutdown());
    }
    if (choices_.quiet_server()) return;
    INVARIANT(ssl(0).shutdown() == 0, ssl(0).error());
    deliver(0, SIZE_MAX);
    INVARIANT(ssl(1).shutdown() == 0, ssl(1).error());
    INVARIANT(ssl(1).shutdown() == 1, ssl(1).error());
    deliver(1, SIZE_MAX);
    INVARIANT(ssl(0).shutdown() == 1, ssl(0).error());
  }

  bool all_is_read() {
    for (int side : {0, 1}) {
      if (of(side).unfinished > 0 || of(other(side)).reader.offset() != written(side).done) return false;
    }
    return true;
  }

  uint32_t state_of(int side, int result) {
    Ssl& it = ssl(side);
    const std::string text = it.ask<function::SSL_state_string_long>().value();
    uint32_t hash = static_cast<uint32_t>(std::hash<std::string>()(text));
    const auto mix = [&](int value) { hash = (hash ^ static_cast<uint32_t>(value)) * 0x9e3779b1u; };
    mix(side);
    mix(static_cast<int>(call_));
    mix(it.error());
    mix(it.get_shutdown());
    mix(it.version());
    mix(result > 0 ? 1 : result);
    mix(it.transport().ended() ? 1 : 0);
    mix(it.queue().empty() ? 0 : static_cast<int>(it.queue().front().code));
    return hash;
  }

  const openssl::Library& library_;
  Input input_;
  Choices choices_;
  ContextPair contexts_;
  std::array<Side, 2> sides_;
  std::array<std::vector<Written>, 2> written_;
  std::shared_ptr<Session> session_;
  ShutdownCause cause_;
  Call call_ = Call::kSettle;
  size_t key_updates_ = 0;
  bool polite_ = true;
};

}  // namespace

void run_program(const openssl::Library& library, std::span<const uint8_t> program) {
  { Machine(library, program).run(); }
  const auto& f = library.functions();
  INVARIANT(f.ERR_peek_last_error() == 0, f.ERR_peek_last_error());
}

}  // namespace close_notify::test
