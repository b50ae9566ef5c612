#include "native/node/registry.h"

#include <cstring>
#include <list>
#include <mutex>
#include <new>
#include <type_traits>
#include <unordered_map>

#include "native/node/context_capture.h"
#include "native/node/handshake_output.h"
#include "native/platform/dynamic.h"

namespace close_notify::node {
namespace {

using openssl::NodeFunctions;
using openssl::Ssl;

class ThreadRecords;

struct Record {
  enum class State : uint8_t {
    kFresh,    // no search has met it yet
    kWaiting,  // our info callback is in place and will index it when its handshake is done
    kIndexed,  // in the index under `key`
    kForeign,  // not one of Node's sockets: never touched
  };

  Ssl* ssl;
  std::shared_ptr<ThreadRecords> owner;
  std::list<Record>::iterator self{};
  // The info callback that ours passes its calls on to.
  openssl::InfoCallback chained = nullptr;
  uint64_t key = 0;
  std::shared_ptr<Observation> observation{};
  HandshakeOutput handshake_output{};
  State state = State::kFresh;
};

// The things that the callbacks need and OpenSSL does not hand them. Written once, before the first callback can come.
struct ProcessState {
  NodeFunctions openssl;
  int index = -1;
};
static_assert(std::is_trivially_destructible_v<ProcessState>, "worker threads may still free SSLs at exit()");

ProcessState& process_state() {
  static ProcessState state;
  return state;
}

const NodeFunctions& api() { return process_state().openssl; }

// Finished messages are outputs of a hash: any eight bytes of one are a good key. The whole is compared on a match.
uint64_t key_of(const uint8_t* finished) {
  uint64_t key;
  std::memcpy(&key, finished, sizeof key);
  return key;
}

constexpr size_t kMinFinished = 12;  // TLS 1.2 verify_data
constexpr size_t kMaxFinished = 64;  // EVP_MAX_MD_SIZE

bool has_finished(const Ssl* ssl, const uint8_t* finished, size_t length) {
  uint8_t own[kMaxFinished];
  return api().SSL_get_finished(ssl, own, sizeof own) == length && std::memcmp(own, finished, length) == 0;
}

// Node gives each of its sockets two BIOs of a type of its own; no other user of OpenSSL in the process has them.
bool is_node_socket(const Ssl* ssl) {
  const openssl::Bio* output = api().SSL_get_wbio(ssl);
  return output != nullptr && std::strcmp(api().BIO_method_name(output), "node.js SSL buffer") == 0;
}

uint64_t output_total(const Ssl* ssl) {
  openssl::Bio* output = api().SSL_get_wbio(ssl);
  return output == nullptr ? 0 : api().BIO_number_written(output);
}

void on_info(const Ssl* ssl, int where, int value);

// A chained info callback on this thread's stack. Its record becomes null when the SSL is freed in there.
struct Running {
  Record* record;
  Running* outer;
};
thread_local Running* innermost = nullptr;

// The records of the SSLs that one thread made. Locked, because an addon may free an SSL in another thread.
class ThreadRecords {
 public:
  void add(const std::shared_ptr<ThreadRecords>& self, Ssl* ssl, openssl::ExData* data, int index) {
    const std::lock_guard lock(mutex_);
    fresh_.push_front(Record{.ssl = ssl, .owner = self});
    fresh_.front().self = fresh_.begin();
    newest_ = &fresh_.front();
    made_++;
    if (api().CRYPTO_set_ex_data(data, index, &fresh_.front()) == 1) return;
    fresh_.pop_front();
    newest_ = nullptr;
  }

  void remove(Record& record) {
    const std::lock_guard lock(mutex_);
    unindex(record);
    if (newest_ == &record) newest_ = nullptr;
    if (record.observation != nullptr) record.observation->end();
    auto& list = record.state == Record::State::kFresh ? fresh_ : met_;
    list.erase(record.self);
  }

  openssl::InfoCallback chained_by(const Record& record) {
    const std::lock_guard lock(mutex_);
    return record.chained;
  }

  // A copy of an SSL begins with the info callback of the original, which may be ours.
  void chain(Record& record, openssl::InfoCallback chained) {
    const std::lock_guard lock(mutex_);
    record.chained = chained;
  }

  void handshake_done(Record& record) {
    const std::lock_guard lock(mutex_);
    unindex(record);
    index_if_finished(record);
  }

  std::shared_ptr<Observation> find(const uint8_t* finished, size_t length) {
    const std::lock_guard lock(mutex_);
    Record* record = lookup(finished, length);
    // The newest first, which is nearly always the one: those behind it need not be met for its sake.
    while (record == nullptr && !fresh_.empty()) {
      Record& met = meet_next();
      if (met.state == Record::State::kIndexed && has_finished(met.ssl, finished, length)) record = &met;
    }
    if (record == nullptr) record = search_all(finished, length);
    return record == nullptr ? nullptr : observe(*record);
  }

  std::shared_ptr<Observation> newest() {
    const std::lock_guard lock(mutex_);
    meet_fresh();
    return newest_ == nullptr || newest_->state == Record::State::kForeign ? nullptr : observe(*newest_);
  }

  std::shared_ptr<Observation> observed(Record& record) {
    const std::lock_guard lock(mutex_);
    return observe(record);
  }

  void meet_all() {
    const std::lock_guard lock(mutex_);
    meet_fresh();
  }

  Counts counts() {
    const std::lock_guard lock(mutex_);
    return {made_, fresh_.size() + met_.size(), index_.size(), bytes_per_ssl()};
  }

 private:
  using Index = std::unordered_multimap<uint64_t, Record*>;

  // A list node, an index node with its cached links, one bucket at the index's load factor of 1, and the allocator's
  // header and rounding for each of the two nodes.
  static constexpr size_t bytes_per_ssl() {
    constexpr size_t list_node = sizeof(Record) + 2 * sizeof(void*);
    constexpr size_t index_node = sizeof(Index::value_type) + sizeof(void*);
    return list_node + index_node + 2 * sizeof(void*) + 2 * 16;
  }
  static_assert(sizeof(Record) <= 128);

  static std::shared_ptr<Observation> observe(Record& record) {
    if (record.observation == nullptr) record.observation = std::make_shared<Observation>(api(), record.ssl);
    return record.observation;
  }

  void meet_fresh() {
    while (!fresh_.empty()) meet_next();
  }

  // One by one: a record is in the list that its state names also where memory runs out between two.
  Record& meet_next() {
    met_.splice(met_.begin(), fresh_, fresh_.begin());
    Record& record = met_.front();
    meet(record);
    return record;
  }

  void meet(Record& record) {
    if (!is_node_socket(record.ssl)) {
      record.state = Record::State::kForeign;
      return;
    }
    const openssl::InfoCallback before = api().SSL_get_info_callback(record.ssl);
    if (before != &on_info) {
      record.chained = before;
      api().SSL_set_info_callback(record.ssl, &on_info);
    }
    index_if_finished(record);
    // In the middle of a handshake, its callback already fetched, the rest of its output is told to nobody: what is
    // known begins with the next one. Before the first one is done, nothing of the program's lies in the output.
    const bool is_finished = record.state == Record::State::kIndexed;
    if (!is_finished) {
      record.handshake_output.begin(0);
    } else if (api().SSL_get_state(record.ssl) == openssl::kHandshakeStateOk) {
      record.handshake_output.begin(output_total(record.ssl));
    }
  }

  void index_if_finished(Record& record) {
    uint8_t finished[kMaxFinished];
    record.state = Record::State::kWaiting;
    if (api().SSL_get_finished(record.ssl, finished, sizeof finished) < kMinFinished) return;
    record.key = key_of(finished);
    index_.emplace(record.key, &record);
    record.state = Record::State::kIndexed;
  }

  void unindex(Record& record) {
    if (record.state != Record::State::kIndexed) return;
    const auto [first, last] = index_.equal_range(record.key);
    for (auto entry = first; entry != last; ++entry) {
      if (entry->second == &record) {
        index_.erase(entry);
        break;
      }
    }
    record.state = Record::State::kWaiting;
  }

  Record* lookup(const uint8_t* finished, size_t length) {
    const auto [first, last] = index_.equal_range(key_of(finished));
    for (auto entry = first; entry != last; ++entry) {
      if (has_finished(entry->second->ssl, finished, length)) return entry->second;
    }
    return nullptr;
  }

  // The way of last resort: the index can miss an SSL whose state machine was on the stack, its callback already
  // fetched, when we chained ours.
  Record* search_all(const uint8_t* finished, size_t length) {
    for (Record& record : met_) {
      if (record.state == Record::State::kForeign || !has_finished(record.ssl, finished, length)) continue;
      unindex(record);
      index_if_finished(record);
      return &record;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::list<Record> fresh_;
  std::list<Record> met_;
  Index index_;
  Record* newest_ = nullptr;
  uint64_t made_ = 0;
};

const std::shared_ptr<ThreadRecords>& this_thread() {
  // Shared with the records: an SSL may outlive the thread that made it.
  static thread_local const auto records = std::make_shared<ThreadRecords>();
  return records;
}

// For what OpenSSL calls: nothing may be thrown through it. What cannot be noted for want of memory is as if it had
// happened before this module was loaded.
template <typename Note>
void note_if_possible(Note note) noexcept {
  try {
    note();
  } catch (const std::bad_alloc&) {
  }
}

void on_ssl_new(void* parent, void*, openssl::ExData* data, int index, long, void*) {
  note_if_possible([&] {
    const auto& records = this_thread();
    records->add(records, static_cast<Ssl*>(parent), data, index);
  });
}

// SSL_dup(3) has made the copy by SSL_new, which gave it a record of its own: that one stays, in the place of the
// original's, which OpenSSL would put there.
int on_ssl_dup(openssl::ExData* to, const openssl::ExData*, void** value, int index, long, void*) {
  const auto* original = static_cast<const Record*>(*value);
  auto* copy = static_cast<Record*>(api().CRYPTO_get_ex_data(to, index));
  if (original != nullptr && copy != nullptr) copy->owner->chain(*copy, original->owner->chained_by(*original));
  *value = copy;
  return 1;
}

void on_ssl_free(void*, void* value, openssl::ExData*, int, long, void*) {
  if (value == nullptr) return;
  Record& record = *static_cast<Record*>(value);
  for (Running* call = innermost; call != nullptr; call = call->outer) {
    if (call->record == &record) call->record = nullptr;
  }
  const std::shared_ptr<ThreadRecords> owner = record.owner;
  owner->remove(record);
}

// A handshake that begins makes an SSL_SESSION. From then on its SSL has our info callback: chained only when somebody
// looks for the SSL, in the callback of the handshake, it would be told nothing of what OpenSSL still writes there.
void on_session_new(void*, void*, openssl::ExData*, int, long, void*) {
  note_if_possible([] { this_thread()->meet_all(); });
}

// Takes a step of the state machine. Call before the chained callback.
void note_step(Record& record, int where) {
  constexpr int kStep = openssl::kCbLoop | openssl::kCbExit | openssl::kCbHandshakeStart | openssl::kCbHandshakeDone;
  if ((where & openssl::kCbAlert) != 0 || (where & kStep) == 0) return;
  record.handshake_output.step(output_total(record.ssl), (where & openssl::kCbExit) != 0);
}

// Runs inside OpenSSL: notes what happened and passes the call on, nothing else. The chained callback may run
// JavaScript.
void on_info(const Ssl* ssl, int where, int value) {
  auto* record = static_cast<Record*>(api().SSL_get_ex_data(ssl, process_state().index));
  if (record == nullptr) return;
  note_if_possible([&] {
    if (record->observation != nullptr) record->observation->note(where, value);
    if ((where & openssl::kCbHandshakeDone) != 0) record->owner->handshake_done(*record);
  });
  note_step(*record, where);
  if (record->chained == nullptr) return;
  Running call{record, innermost};
  innermost = &call;
  record->chained(ssl, where, value);
  innermost = call.outer;
  const bool is_alive = call.record != nullptr;
  if (is_alive && (where & openssl::kCbHandshakeDone) != 0) record->handshake_output.resume(output_total(ssl));
}

}  // namespace

using Started = std::variant<Registry, openssl::Unavailable>;

Started Registry::start(const std::string& openssl_version) {
  auto loaded = openssl::load_from_process(openssl_version);
  if (const auto* unavailable = std::get_if<openssl::Unavailable>(&loaded)) return *unavailable;
  if (!platform::pin_this_module()) {
    return openssl::Unavailable{"the system refused to keep this module loaded for the life of the process"};
  }
  ProcessState& state = process_state();
  state.openssl = std::get<NodeFunctions>(loaded);
  state.index = api().CRYPTO_get_ex_new_index(openssl::kExIndexSsl, 0, nullptr, on_ssl_new, on_ssl_dup, on_ssl_free);
  const int of_sessions =
      api().CRYPTO_get_ex_new_index(openssl::kExIndexSslSession, 0, nullptr, on_session_new, nullptr, nullptr);
  if (state.index < 0 || of_sessions < 0 || !ContextCapture::start(api())) {
    return openssl::Unavailable{"OpenSSL refused to register ex_data callbacks (CRYPTO_get_ex_new_index failed)"};
  }
  return Registry(api());
}

const Started& Registry::of_process(const std::string& openssl_version) {
  // Never destroyed: worker threads may still use it while exit() runs destructors.
  static const auto& started = *std::make_unique<Started>(start(openssl_version)).release();
  return started;
}

std::shared_ptr<Observation> Registry::find(const uint8_t* finished, size_t length) const {
  if (length < kMinFinished || length > kMaxFinished) return nullptr;
  return this_thread()->find(finished, length);
}

std::shared_ptr<Observation> Registry::newest() const { return this_thread()->newest(); }

std::shared_ptr<Observation> Registry::running() const {
  Record* const record = innermost == nullptr ? nullptr : innermost->record;
  return record == nullptr ? nullptr : record->owner->observed(*record);
}

void Registry::meet() const { this_thread()->meet_all(); }

HandshakeOutput::Range Registry::handshake_output(const Ssl* ssl) const {
  const auto* record = static_cast<const Record*>(api().SSL_get_ex_data(ssl, process_state().index));
  return record == nullptr ? HandshakeOutput().range() : record->handshake_output.range();
}

Counts Registry::counts() const { return this_thread()->counts(); }

}  // namespace close_notify::node
