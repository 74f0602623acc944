// driver.cpp - runs the package's C driver against the Verilated core: a bus-functional model of AXI4-Lite and the two
// streams, with back-pressure at random. It loads the weights, sets every threshold, sends the package's frames, and
// compares the records that the driver decodes with the expected ones. The geometry must have an input of at most 8
// bytes per beat and an output of at most 8.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "Vcofiber_stream_top.h"
#include "verilated.h"

extern "C" {
#include "cofiber_stream_driver.h"
}

static Vcofiber_stream_top *top;
static uint64_t cycle, state = 88172645463325252u;
static std::vector<uint64_t> stimulus, records;
static size_t sent;
static bool interrupted;

static bool chance(unsigned percent)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state % 100 < percent;
}

// One clock; the streams go on by themselves, whatever the bus does.
static void tick()
{
    const unsigned bits = 8 * COFIBER_STREAM_INPUT_BYTES;
    if (!top->s_axis_tvalid && sent < stimulus.size() && chance(70)) {
        top->s_axis_tdata = stimulus[sent] & (bits == 64 ? ~0ull : (1ull << bits) - 1);
        top->s_axis_tlast = stimulus[sent] >> bits & 1;
        top->s_axis_tvalid = 1;
    }
    top->m_axis_tready = chance(60);
    top->aclk = 0;
    top->eval();
    bool in = top->s_axis_tvalid && top->s_axis_tready, out = top->m_axis_tvalid && top->m_axis_tready;
    uint64_t record = top->m_axis_tdata;
    top->aclk = 1;
    top->eval();
    interrupted = interrupted || top->irq;
    if (in) {
        top->s_axis_tvalid = 0;
        sent++;
    }
    if (out)
        records.push_back(record);
    if (++cycle > 10000000) {
        printf("nothing happens any more\n");
        exit(1);
    }
}

static void wait_some()
{
    while (chance(30))
        tick();
}

static void bus_write(void *, uint32_t offset, uint32_t value)
{
    bool address = false, data = false, started_address = false, started_data = false;
    while (!address || !data) {
        started_address = started_address || chance(50); // either may come first
        started_data = started_data || chance(50);
        top->s_axil_awaddr = offset, top->s_axil_awvalid = started_address && !address;
        top->s_axil_wdata = value, top->s_axil_wstrb = 15, top->s_axil_wvalid = started_data && !data;
        top->eval();
        bool a = top->s_axil_awvalid && top->s_axil_awready, d = top->s_axil_wvalid && top->s_axil_wready;
        tick();
        address = address || a;
        data = data || d;
    }
    top->s_axil_awvalid = top->s_axil_wvalid = 0;
    wait_some();
    top->s_axil_bready = 1;
    while (!top->s_axil_bvalid)
        tick();
    tick();
    top->s_axil_bready = 0;
}

static uint32_t bus_read(void *, uint32_t offset)
{
    top->s_axil_araddr = offset, top->s_axil_arvalid = 1;
    top->eval();
    while (!top->s_axil_arready) {
        tick();
        top->eval();
    }
    tick();
    top->s_axil_arvalid = 0;
    wait_some();
    while (!top->s_axil_rvalid)
        tick();
    uint32_t value = top->s_axil_rdata;
    top->s_axil_rready = 1;
    tick();
    top->s_axil_rready = 0;
    return value;
}

static std::vector<std::string> words(const char *name)
{
    std::ifstream file(name);
    std::vector<std::string> all;
    for (std::string word; file >> word;)
        all.push_back(word);
    return all;
}

// Bits [at, at + 32) of a hexadecimal word.
static uint32_t bits_of(const std::string &word, size_t at)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        size_t digit = at / 4 + i;
        if (digit < word.size())
            value |= (uint32_t)std::stoul(std::string(1, word[word.size() - 1 - digit]), nullptr, 16) << 4 * i;
    }
    return value;
}

static int fail(const char *what)
{
    printf("FAIL: %s\n", what);
    return 1;
}

int main(int, char **argv)
{
    struct cofiber_stream core = {nullptr, bus_read, bus_write, nullptr};
    top = new Vcofiber_stream_top;
    top->aresetn = 0;
    for (int i = 0; i < 5; i++)
        tick();
    top->aresetn = 1;
    for (int i = 0; i < 3; i++)
        tick();
    if (cofiber_stream_open(&core) != COFIBER_STREAM_OK)
        return fail("the core does not answer");
    if (cofiber_stream_load_weights(&core, nullptr, 0) != COFIBER_STREAM_NOT_LOADABLE)
        return fail("no weights are loaded");
    std::vector<uint32_t> weights;
    size_t chunks = (size_t)atoi(argv[1]);
    for (const std::string &word : words("cofiber_stream_weights.hex"))
        for (size_t c = 0; c < chunks; c++)
            weights.push_back(bits_of(word, 32 * c));
    if (cofiber_stream_load_weights(&core, weights.data(), (uint32_t)weights.size()) != COFIBER_STREAM_OK)
        return fail("the weights are not loaded");
    const std::vector<std::string> input = words("cofiber_stream_stimulus.hex"), expected =
        words("cofiber_stream_expected.hex");
    size_t frame = expected.size() / COFIBER_STREAM_RECORDS, beats = input.size() / frame;
    cofiber_stream_enable_interrupt(&core, 1);
    for (size_t n = 0; n < frame; n++) {
        for (size_t i = 0; i < beats; i++)
            stimulus.push_back(std::stoull(input[n * beats + i], nullptr, 16));
        while (!cofiber_stream_frame_done(&core))
            wait_some();
    }
    if (!interrupted)
        return fail("no interrupt came");
    if (records.size() != expected.size())
        return fail("another number of records came");
    size_t first[16] = {0};
    for (uint32_t k = 0; k + 1 < COFIBER_STREAM_SCALES; k++)
        first[k + 1] = first[k] + (COFIBER_STREAM_ROWS >> k) * (COFIBER_STREAM_COLUMNS >> k);
    for (size_t n = 0; n < records.size(); n++) {
        struct cofiber_stream_record record;
        cofiber_stream_decode(&record, (const uint8_t *)&records[n]);
        size_t at = n / COFIBER_STREAM_RECORDS * COFIBER_STREAM_RECORDS + first[record.scale] +
                    record.row * (COFIBER_STREAM_COLUMNS >> record.scale) + record.column;
        for (uint32_t c = 0; c < COFIBER_STREAM_CLASSES; c++)
            if (record.given_up || (record.fired[c / 8] >> c % 8 & 1) != (bits_of(expected[at], 0) >> c & 1))
                return fail("a decision differs");
    }
    // A threshold that the driver sets takes effect: class 0 of scale 0 now fires everywhere.
    size_t before = records.size();
    cofiber_stream_set_threshold(&core, 0, 0, (int64_t)1 << (atoi(argv[2]) - 2));
    for (size_t i = 0; i < beats; i++)
        stimulus.push_back(std::stoull(input[i], nullptr, 16));
    while (!cofiber_stream_frame_done(&core))
        wait_some();
    unsigned fired = 0;
    for (size_t n = before; n < records.size(); n++) {
        struct cofiber_stream_record record;
        cofiber_stream_decode(&record, (const uint8_t *)&records[n]);
        fired += record.scale == 0 && (record.fired[0] & 1);
    }
    if (fired != COFIBER_STREAM_ROWS * COFIBER_STREAM_COLUMNS)
        return fail("a threshold that was set has no effect");
    // Counters wrap: 2^32 - 1 and one frame more is 0.
    bus_write(nullptr, COFIBER_STREAM_REG_FRAMES_OUT, 0xffffffffu);
    for (size_t i = 0; i < beats; i++)
        stimulus.push_back(std::stoull(input[i], nullptr, 16));
    while (!cofiber_stream_frame_done(&core))
        wait_some();
    if (bus_read(nullptr, COFIBER_STREAM_REG_FRAMES_OUT) != 0)
        return fail("a counter does not wrap");
    printf("PASS: %zu records in %llu cycles\n", records.size(), (unsigned long long)cycle);
    delete top;
    return 0;
}
