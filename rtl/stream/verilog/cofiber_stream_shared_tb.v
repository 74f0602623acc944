// cofiber_stream_tb: loads the accelerator, feeds it a stream of frames with random stalls on either side, and checks all
// that comes out. It runs under Icarus Verilog and Verilator (README.md says how).
//
//   cofiber_stream_load.hex      the bytes to load: weights, then thresholds
//   cofiber_stream_stimulus.hex  one word per four bytes: {flags, data}. Flag 0: TLAST. Flag 1: reset the core before this
//                                word, and load it again. Flag 3: TLAST with its second byte, and no third.
//   cofiber_stream_expected.hex  the decisions of each frame: one word per position, scale after scale, raster order
//   cofiber_stream_outcomes.hex  what is to come out: the number of an expected frame, or ffff for one given up
//
// Plus-arguments: +seed=N, +input_stalls=PERCENT, +output_stalls=PERCENT, +dump=FILE (all records and sums), +bytes=N (stop
// after so many bytes of output, as if they were all), +wave. The last line begins with PASS or FAIL.
`timescale 1ns / 1ps
`include "cofiber_stream_geometry.vh"
module cofiber_stream_tb #(
    parameter WORDS = `COFIBER_STREAM_TB_BEATS,
    parameter FRAMES = `COFIBER_STREAM_TB_FRAMES,
    parameter OUTCOMES = `COFIBER_STREAM_TB_OUTCOMES
);
    localparam LOADS = `COFIBER_STREAM_LOAD_BYTES;
    localparam CLASSES = `COFIBER_STREAM_CLASSES;
    localparam RECORDS = `COFIBER_STREAM_RECORDS;
    localparam SCALES = `COFIBER_STREAM_SCALES;
    localparam ROWS = `COFIBER_STREAM_ROWS;
    localparam COLUMNS = `COFIBER_STREAM_COLUMNS;
    localparam POSITIONS = `COFIBER_STREAM_POSITIONS;
    localparam OUT_BITS = 8 * `COFIBER_STREAM_OUTPUT_BYTES;

    reg clk = 1'b0;
    always #5 clk = !clk;

    reg        aresetn = 1'b0;
    reg  [7:0] s_axis_tdata = 8'd0;
    reg        s_axis_tvalid = 1'b0, s_axis_tlast = 1'b0, s_axis_tuser = 1'b0;
    wire       s_axis_tready;
    wire [7:0] m_axis_tdata;
    wire       m_axis_tvalid, m_axis_tlast, frame_error;
    reg        m_axis_tready = 1'b0;

    cofiber_stream_top dut (
        .aclk(clk), .aresetn(aresetn),
        .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast), .s_axis_tuser(s_axis_tuser),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
        .m_axis_tlast(m_axis_tlast), .frame_error(frame_error)
    );

    reg [7:0]         load[0:LOADS-1];
    reg [35:0]        stimulus[0:WORDS-1];
    reg [CLASSES-1:0] expected[0:FRAMES*RECORDS-1];
    reg [15:0]        outcomes[0:OUTCOMES-1];
    reg [CLASSES-1:0] found[0:RECORDS-1];

    integer seed = 1, input_stalls = 0, output_stalls = 0, dump = 0, errors = 0, bytes = 0, most_bytes = 0;
    reg [1023:0] dump_name;
    reg [31:0] chance_in, chance_out;
    integer loaded = 0, next = 0, lane = 0, outcome = 0, cycle = 0, first_cycle = -1, last_cycle = -1, since = 0, quiet = 0;
    integer shortest = 0, longest = 0, n, frame_errors = 0;
    reg feeding = 1'b0, resetting = 1'b0, past_flag = 1'b0, stop = 1'b0, error_before = 1'b0;

    task complain(input integer what, input integer a, input integer b);
        begin
            errors = errors + 1;
            if (errors <= 10)
                case (what)
                    0: $display("error: TDATA or TLAST changed, or TVALID fell, while the output was stalled");
                    1: $display("error: an output is unknown in cycle %0d", cycle);
                    2: $display("error: outcome %0d: byte %0d does not decide as expected", a, b);
                    3: $display("error: outcome %0d ends after %0d bytes", a, b);
                    4: $display("error: frame %0d was given up, or was not given up", a);
                    5: $display("error: more came out than was expected");
                    6: $display("error: outcome %0d: byte %0d is of another scale", a, b);
                    default: $display("error: nothing happened for a long time; %0d of %0d outcomes came", a, b);
                endcase
        end
    endtask

    function [31:0] shuffle(input [31:0] state);  // xorshift
        reg [31:0] x;
        begin
            x = state ^ (state << 13);
            x = x ^ (x >> 17);
            shuffle = x ^ (x << 5);
        end
    endfunction

    // The first record of a scale.
    function integer first_of(input integer scale);
        integer k;
        begin
            first_of = 0;
            for (k = 0; k < scale; k = k + 1)
                first_of = first_of + (ROWS >> k) * (COLUMNS >> k);
        end
    endfunction

    initial begin
        if (!$value$plusargs("seed=%d", seed))
            seed = 1;
        if (!$value$plusargs("input_stalls=%d", input_stalls))
            input_stalls = 0;
        if (!$value$plusargs("output_stalls=%d", output_stalls))
            output_stalls = 0;
        if (!$value$plusargs("bytes=%d", most_bytes))
            most_bytes = 0;
        if ($value$plusargs("dump=%s", dump_name))
            dump = $fopen(dump_name, "w");
`ifdef COFIBER_STREAM_WAVE
        if ($test$plusargs("wave")) begin
            $dumpfile(`COFIBER_STREAM_WAVE);
            $dumpvars(`COFIBER_STREAM_WAVE_DEPTH, `COFIBER_STREAM_WAVE_SCOPE);
        end
`endif
        $readmemh("cofiber_stream_load.hex", load);
        $readmemh("cofiber_stream_stimulus.hex", stimulus);
        $readmemh("cofiber_stream_expected.hex", expected);
        $readmemh("cofiber_stream_outcomes.hex", outcomes);
        chance_in = shuffle(seed * 2 + 1);
        chance_out = shuffle(seed * 2 + 77777);
        repeat (20) @(posedge clk);
        aresetn <= 1'b1;
        repeat (3) @(posedge clk);
        feeding = 1'b1;
        while (outcome < OUTCOMES && quiet < `COFIBER_STREAM_PATIENCE && !stop) begin
            @(posedge clk);
            if (resetting) begin
                aresetn <= 1'b0;
                repeat (3) @(posedge clk);
                aresetn <= 1'b1;
                repeat (3) @(posedge clk);
                loaded = 0;
                bytes = 0;
                restart;
                resetting = 1'b0;
            end
        end
        if (outcome < OUTCOMES && !stop)
            complain(7, outcome, OUTCOMES);
        repeat (stop ? 0 : 200) @(posedge clk);
        if (dump != 0)
            $fclose(dump);
        $display("frame_errors %0d", frame_errors);
        $write("%0s: %0d of %0d outcomes, %0d errors; %0d cycles in all", errors == 0 ? "PASS" : "FAIL", outcome,
               OUTCOMES, errors, last_cycle - first_cycle);
        if (longest != 0) // two frames have left
            $write(", %0d to %0d from frame to frame", shortest, longest);
        $display("; seed %0d, stalls %0d%% and %0d%%", seed, input_stalls, output_stalls);
        $finish;
    end

    // ---- the input: what is to be loaded, then frames ----

    always @(posedge clk) begin
        chance_in = shuffle(chance_in);
        if (aresetn && s_axis_tvalid && s_axis_tready) begin
            if (first_cycle < 0 && !s_axis_tuser)
                first_cycle = cycle;
            s_axis_tvalid <= 1'b0;
        end
        if (!aresetn)
            s_axis_tvalid <= 1'b0;
        else if (feeding && !resetting && (!s_axis_tvalid || s_axis_tready) && next < WORDS) begin
            if (stimulus[next][33] && lane == 0 && !past_flag) begin
                resetting = 1'b1;
                past_flag = 1'b1;
            end else if (chance_in % 100 >= input_stalls) begin
                s_axis_tvalid <= 1'b1;
                s_axis_tuser  <= loaded < LOADS;
                if (loaded < LOADS) begin
                    s_axis_tdata <= load[loaded];
                    s_axis_tlast <= loaded == LOADS - 1;
                    loaded = loaded + 1;
                    quiet = 0;
                end else begin
                    s_axis_tdata <= stimulus[next][8*lane+:8];
                    s_axis_tlast <= stimulus[next][35] ? lane == 1 : stimulus[next][32] && lane == 3;
                    past_flag = 1'b0;
                    lane = stimulus[next][35] && lane == 1 ? 0 : (lane + 1) % 4;
                    if (lane == 0)
                        next = next + 1;
                end
            end
        end
    end

    // ---- the output: whose decisions the next byte holds ----

    integer e_row, e_column, e_class, e_position, e_scale, from_row, from_column, q, at;
    reg     same;

    function emits(input integer row, input integer column, input integer scale);
        integer low;
        begin
            low = (1 << scale) - 1;
            emits = (row & low) == low && (column & low) == low &&
                    ((`COFIBER_STREAM_GRID && scale == SCALES - 1) || ((row >> scale & 1) && (column >> scale & 1)));
        end
    endfunction

    task next_sum;
        begin
            e_position = e_position + 1;
            if (e_position == POSITIONS) begin
                e_position = 0;
                e_class = e_class + 1;
                if (e_class == CLASSES) begin
                    e_class = 0;
                    e_column = e_column + POSITIONS;
                    if (e_column == COLUMNS) begin
                        e_column = 0;
                        e_row = (e_row + 1) % ROWS;
                    end
                end
            end
        end
    endtask

    task next_byte;
        begin
            e_scale = e_scale + 1;
            if (e_scale == SCALES || !emits(e_row, e_column + e_position, e_scale)) begin
                e_scale = 0;
                next_sum;
                while (!emits(e_row, e_column + e_position, 0))
                    next_sum;
            end
        end
    endtask

    task restart;
        begin
            e_row = ROWS - 1;
            e_column = COLUMNS - POSITIONS;
            e_class = CLASSES - 1;
            e_position = POSITIONS - 1;
            e_scale = SCALES - 1;
            next_byte;
        end
    endtask
    initial restart;

    task take_byte;
        begin
            if (m_axis_tdata[6:4] != e_scale)
                complain(6, outcome, bytes);
            from_row = e_row >> e_scale;
            from_column = (e_column + e_position) >> e_scale;
            same = !(`COFIBER_STREAM_GRID && e_scale == SCALES - 1);
            for (q = 0; q < (same ? 4 : 1); q = q + 1) begin
                at = first_of(e_scale) + (same ? (from_row & ~1) + q / 2 : from_row) * (COLUMNS >> e_scale) +
                     (same ? (from_column & ~1) + q % 2 : from_column);
                found[at][e_class] = m_axis_tdata[q];
                if (outcome < OUTCOMES && outcomes[outcome] != 16'hffff &&
                    m_axis_tdata[q] !== expected[outcomes[outcome]*RECORDS+at][e_class])
                    complain(2, outcome, bytes);
            end
            bytes = bytes + 1;
            next_byte;
        end
    endtask

    task put_records;
        integer k, r, c;
        reg [OUT_BITS-1:0] record;
        begin
            for (k = 0; k < SCALES; k = k + 1)
                for (r = 0; r < (ROWS >> k); r = r + 1)
                    for (c = 0; c < (COLUMNS >> k); c = c + 1) begin
                        record = 0;
                        record[15:0] = c;
                        record[31:16] = r;
                        record[39:32] = k;
                        record[48+:CLASSES] = found[first_of(k)+r*(COLUMNS>>k)+c];
                        $fwrite(dump, "R %h %b\n", record, first_of(k) + r * (COLUMNS >> k) + c == RECORDS - 1);
                    end
        end
    endtask

    task end_frame(input given_up);
        begin
            if (outcome >= OUTCOMES)
                complain(5, 0, 0);
            else if (given_up != (outcomes[outcome] == 16'hffff))
                complain(4, outcome, 0);
            if (!given_up && bytes != `COFIBER_STREAM_BYTES)
                complain(3, outcome, bytes);
            if (dump != 0 && !given_up)
                put_records;
            if (given_up)
                restart;
            bytes = 0;
            outcome = outcome + 1;
            if (outcome > 1) begin
                if (shortest == 0 || cycle - since < shortest)
                    shortest = cycle - since;
                if (cycle - since > longest)
                    longest = cycle - since;
            end
            since = cycle;
            last_cycle = cycle;
        end
    endtask

    reg [7:0] held_data;
    reg       held_last, held = 1'b0;
    always @(posedge clk) begin
        cycle = cycle + 1;
        quiet = quiet + 1;
        chance_out = shuffle(chance_out);
        m_axis_tready <= chance_out % 100 >= output_stalls;
        if (aresetn && feeding && (^{m_axis_tvalid, s_axis_tready, frame_error} === 1'bx ||
                                   (m_axis_tvalid && ^{m_axis_tdata, m_axis_tlast} === 1'bx)))
            complain(1, 0, 0);
        if (aresetn && held && (!m_axis_tvalid || m_axis_tdata !== held_data || m_axis_tlast !== held_last))
            complain(0, 0, 0);
        held <= aresetn && m_axis_tvalid && !m_axis_tready;
        held_data <= m_axis_tdata;
        held_last <= m_axis_tlast;
        frame_errors = frame_errors + (frame_error === 1'b1 && !error_before);
        error_before = frame_error === 1'b1;
        if (aresetn && s_axis_tvalid && s_axis_tready)
            quiet = 0;
        if (aresetn && m_axis_tvalid && m_axis_tready) begin
            quiet = 0;
            if (!m_axis_tdata[7])
                take_byte;
            if (bytes == most_bytes && most_bytes != 0) begin
                stop = 1'b1;
                last_cycle = cycle;
            end
            if (m_axis_tlast)
                end_frame(m_axis_tdata[7]);
        end
    end

`ifdef COFIBER_STREAM_PROBE
    // The classifiers' sums, thresholds included, where the design has not been synthesised.
    reg [`COFIBER_STREAM_VALUE_BITS-1:0] values[0:RECORDS*CLASSES-1];
    integer                              v_scale, v_row, v_column, v_first, v_k, v_n;
    always @(posedge clk) begin
        if (dut.u_serial.state == 3'd3 && (dut.u_serial.grid ? dut.u_serial.step == 4'd4 : dut.u_serial.step >= 4'd7)) begin
            v_scale  = dut.u_serial.scale;
            v_row    = dut.u_serial.at_row;
            v_column = dut.u_serial.at & ((1 << (`COFIBER_STREAM_COLUMN_AT - v_scale)) - 1);
            if (!dut.u_serial.grid) begin
                v_row    = v_row - 1 + (dut.u_serial.step - 7) / 2;
                v_column = v_column - 1 + (dut.u_serial.step - 7) % 2;
            end
            values[(first_of(v_scale)+v_row*(COLUMNS>>v_scale)+v_column)*CLASSES+dut.u_serial.at_class] =
                dut.u_serial.grid ? dut.u_serial.sum : dut.u_serial.difference;
        end
        if (dut.u_serial.frame_left && dump != 0)
            for (v_k = 0; v_k < SCALES; v_k = v_k + 1)
                for (v_n = 0; v_n < (ROWS >> v_k) * (COLUMNS >> v_k) * CLASSES; v_n = v_n + 1)
                    $fwrite(dump, "V %0d %h\n", v_k, values[first_of(v_k)*CLASSES+v_n]);
    end
`endif
endmodule
