// decisions: the accelerator of a netlist of 2 x 2 positions, one channel, one class and one scale, 4 * sum - pool, beside
// what its decisions are to be. The channels of a frame of 2-bit inputs are free, and so are the cycles in which either
// side stalls: a solver chooses them. The macros WEIGHT and THRESHOLD are the netlist's.
module decisions (
    input wire       clk,
    input wire [7:0] tdata,
    input wire       tvalid,
    input wire       tready
);
    reg [1:0] age;  // cycles since the start, up to 3
    reg       offered;
    reg [7:0] offer;
    initial begin
        age     = 2'd0;
        offered = 1'b0;
    end
    reg  [ 2:0] taken, given;  // words and records so far, of one frame
    wire       s_ready, m_valid, m_last;
    wire [55:0] m_data;
    wire       valid = age == 2'd3 && tvalid && taken < 4;
    wire       last = taken[1:0] == 2'd3;
    // Bits 2 to 7 of a word repeat its sign; what is offered stays until it is taken.
    wire [7:0] word = {{6{tdata[1]}}, tdata[1:0]};
    always @* if (offered) assume (valid && word == offer);

    cofiber_stream_top dut (
        .aclk(clk), .aresetn(age == 2'd3), .s_axis_tdata(word), .s_axis_tvalid(valid), .s_axis_tready(s_ready),
        .s_axis_tlast(last), .m_axis_tdata(m_data), .m_axis_tvalid(m_valid), .m_axis_tready(tready),
        .m_axis_tlast(m_last), .s_axil_awaddr(8'd0), .s_axil_awvalid(1'b0), .s_axil_wdata(32'd0), .s_axil_wstrb(4'd0),
        .s_axil_wvalid(1'b0), .s_axil_bready(1'b0), .s_axil_araddr(8'd0), .s_axil_arvalid(1'b0), .s_axil_rready(1'b0)
    );

    // The inputs of the frame, and the decision on each position.
    reg signed  [ 1:0] x[0:3];
    wire signed [13:0] pool = x[0] + x[1] + x[2] + x[3];
    wire signed [13:0] difference = `WEIGHT * (4 * x[given[1:0]] - pool) + (`THRESHOLD);
    always @(posedge clk) begin
        age     <= age == 2'd3 ? 2'd3 : age + 1'b1;
        offered <= valid && !s_ready;
        offer   <= word;
        if (age != 2'd3) begin
            taken <= 3'd0;
            given <= 3'd0;
        end else begin
            if (valid && s_ready) begin
                x[taken[1:0]] <= word[1:0];
                taken         <= taken + 1'b1;
            end
            if (m_valid && tready)
                given <= given + 1'b1;
        end
    end
    always @* if (age == 2'd3 && m_valid) begin
        assert (given < 4 && taken == 4);
        assert (m_data[31:0] == {15'd0, given[1], 15'd0, given[0]} && m_data[47:32] == 16'd0);
        assert (m_data[48] == (difference >= 0));
        assert (m_last == (given[1:0] == 2'd3));
    end
endmodule
